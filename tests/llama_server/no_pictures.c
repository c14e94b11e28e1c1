// The calls that llama-server makes only where there is a picture or a sound: never in our tests.
// They are here for the linker, whatever they take and give; one that is made ends the server.

#include <stdio.h>
#include <stdlib.h>

#define ABSENT(call)                                                     \
  void call(void) {                                                      \
    fprintf(stderr, "this llama-server reads no pictures: " #call "\n"); \
    abort();                                                             \
  }

ABSENT(mtmd_batch_add_chunk)
ABSENT(mtmd_batch_encode)
ABSENT(mtmd_batch_free)
ABSENT(mtmd_batch_get_output_embd)
ABSENT(mtmd_batch_init)
ABSENT(mtmd_bitmap_free)
ABSENT(mtmd_get_cap_from_file)
ABSENT(mtmd_helper_bitmap_init_from_buf)
ABSENT(mtmd_helper_decode_image_chunk)
ABSENT(mtmd_helper_support_video)
ABSENT(mtmd_helper_video_free)
ABSENT(mtmd_init_from_file)
ABSENT(mtmd_input_chunk_copy)
ABSENT(mtmd_input_chunk_free)
ABSENT(mtmd_input_chunk_get_id)
ABSENT(mtmd_input_chunk_get_n_pos)
ABSENT(mtmd_input_chunk_get_n_tokens)
ABSENT(mtmd_input_chunk_get_placeholder)
ABSENT(mtmd_input_chunk_get_tokens_text)
ABSENT(mtmd_input_chunk_get_type)
ABSENT(mtmd_input_chunk_load)
ABSENT(mtmd_input_chunk_save)
ABSENT(mtmd_input_chunks_free)
ABSENT(mtmd_input_chunks_get)
ABSENT(mtmd_input_chunks_init)
ABSENT(mtmd_input_chunks_size)
ABSENT(mtmd_support_audio)
ABSENT(mtmd_support_vision)
ABSENT(mtmd_tokenize)
