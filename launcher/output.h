/* What is written to the person's streams. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes on their way to a stream; they stay where they came from until they are written. */
struct output {
    int stream;
    const unsigned char *data;
    size_t size;
};

enum written { GOING_ON, READER_LEFT, FAILED };

/* Write what the stream takes now. READER_LEFT and FAILED (with errno) are final. */
enum written output_write(struct output *output);

/* Whether a stream is a pipe's writing end, of which `poll` tells when its reader has gone. */
bool write_only_pipe(int stream);

/* Tell the person on stderr, if that can still be written. */
__attribute__((format(printf, 1, 2))) void say(const char *sentence, ...);

#endif
