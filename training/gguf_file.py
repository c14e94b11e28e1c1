"""Writes GGUF version 3 (ggml, docs/gguf.md): key-values, tensor table, aligned tensor data."""
import struct

F32, Q8_0 = 0, 8
NORMAL, CONTROL, UNUSED = 1, 3, 5
BLOCK = 32  # weights of a Q8_0 block


class Gguf:
    ALIGNMENT = 32

    def __init__(self):
        self.values, self.tensors = [], []

    @staticmethod
    def text(value):
        data = value.encode()
        return struct.pack("<Q", len(data)) + data

    def put(self, key, kind, data):
        self.values.append(self.text(key) + struct.pack("<I", kind) + data)

    def put_uint(self, key, value):
        self.put(key, 4, struct.pack("<I", value))

    def put_float(self, key, value):
        self.put(key, 6, struct.pack("<f", value))

    def put_bool(self, key, value):
        self.put(key, 7, struct.pack("<?", value))

    def put_text(self, key, value):
        self.put(key, 8, self.text(value))

    def put_array(self, key, kind, items):
        self.put(key, 9, struct.pack("<IQ", kind, len(items)) + b"".join(items))

    def add(self, name, shape, kind, data):
        """`shape` is rows of the weights' inputs first, as ggml counts: (columns, rows)."""
        self.tensors.append((name, shape, kind, data))

    def to_bytes(self):
        pad = lambda size: -size % self.ALIGNMENT
        head = struct.pack("<IIQQ", 0x46554747, 3, len(self.tensors), len(self.values))
        head += b"".join(self.values)
        offset = 0
        for name, shape, kind, data in self.tensors:
            head += self.text(name) + struct.pack("<I", len(shape))
            head += b"".join(struct.pack("<Q", n) for n in shape) + struct.pack("<IQ", kind, offset)
            offset += len(data) + pad(len(data))
        parts = [head, bytes(pad(len(head)))]
        for _, _, _, data in self.tensors:
            parts += data, bytes(pad(len(data)))
        return b"".join(parts)

    def write(self, path):
        with open(path, "wb") as out:
            out.write(self.to_bytes())
