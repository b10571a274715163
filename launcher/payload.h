/* What is appended to this file: a packed program, and behind it one line that says how large it is. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define DIGEST_LENGTH 64     /* hexadecimal digits of a SHA-256 */
#define PAYLOAD_LIST "files" /* the file in it that names all others: pack.py writes it, cache.c reads it */

struct payload {
    int file;      /* this program's own file, open for reading */
    off_t offset;  /* where the packed program begins */
    uint64_t size; /* its bytes */
    char digest[DIGEST_LENGTH + 1];
};

/* Find the payload at the end of `file`; false where there is none, as in a file that was cut short. */
bool payload_find(int file, struct payload *found);

enum unpacked { UNPACKED, DAMAGED, UNWRITABLE /* errno says why */ };

/* Unpack below the folder `into`, which must be empty. What was written stays there in any case. */
enum unpacked payload_unpack(const struct payload *from, int into);

#endif
