"""Trains ipw's own small models: tokenizer, training, evaluation, export to GGUF (docs/training.md)."""
