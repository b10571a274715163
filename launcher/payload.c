/* The packed program: a tar archive, compressed with zstd, at the end of this very file.
 *
 * In: an open file. Out: a tree of files and folders, nothing else, all private to their owner. The archive is
 * ustar, so that `zstd -d | tar t` can read it too; zstd's own checksum tells whether a byte has changed.
 */
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>
#include <zstd_errors.h>

#define TRAILER "looop-payload-1 " /* then size, digest and the sum of all that, spaces between, a newline */
#define SIZE_DIGITS 16             /* hexadecimal, as the sum's are */
#define SUM_DIGITS 8
#define SUMMED (sizeof TRAILER - 1 + SIZE_DIGITS + 1 + DIGEST_LENGTH)
#define TRAILER_LENGTH (SUMMED + 1 + SUM_DIGITS + 1)
#define BLOCK 512 /* bytes of a tar header, and what each file is filled up to */
#define LONGEST_NAME 100

static bool is_hexadecimal(const char *text, size_t length)
{
    return strspn(text, "0123456789abcdef") >= length;
}

/* The sum of the line's own bytes (FNV-1a): zstd checks the archive, and nobody else this line. */
static uint32_t sum_of(const char *text, size_t length)
{
    uint32_t sum = 2166136261U;
    for (; length; length--)
        sum = (sum ^ (unsigned char)*text++) * 16777619U;
    return sum;
}

bool payload_find(int file, struct payload *found)
{
    char line[TRAILER_LENGTH + 1] = "";
    struct stat about;
    if (fstat(file, &about) || about.st_size < (off_t)TRAILER_LENGTH)
        return false;
    off_t end = about.st_size - (off_t)TRAILER_LENGTH;
    if (pread(file, line, TRAILER_LENGTH, end) != (ssize_t)TRAILER_LENGTH)
        return false;
    const char *size = line + sizeof TRAILER - 1, *digest = size + SIZE_DIGITS + 1, *sum = line + SUMMED;
    char expected[SUM_DIGITS + 3];
    snprintf(expected, sizeof expected, " %08" PRIx32 "\n", sum_of(line, SUMMED));
    if (memcmp(line, TRAILER, sizeof TRAILER - 1) || strcmp(sum, expected) ||
        !is_hexadecimal(size, SIZE_DIGITS) ||
        !is_hexadecimal(digest, DIGEST_LENGTH))
        return false;
    found->file = file;
    found->size = strtoull(size, NULL, 16);
    memcpy(found->digest, digest, DIGEST_LENGTH);
    found->digest[DIGEST_LENGTH] = '\0';
    found->offset = end - (off_t)found->size;
    return found->size <= (uint64_t)end;
}

/* The stream of plain bytes. */
struct stream {
    const struct payload *from;
    uint64_t taken;   /* packed bytes that were read */
    ZSTD_DCtx *zstd;
    size_t hint;      /* what zstd said last: 0 when a frame has come to its end, checksum and all */
    ZSTD_inBuffer in;
    char packed[1 << 16];
};

static bool refill(struct stream *stream)
{
    uint64_t left = stream->from->size - stream->taken;
    size_t wanted = left < sizeof stream->packed ? (size_t)left : sizeof stream->packed;
    off_t at = stream->from->offset + (off_t)stream->taken;
    ssize_t got = pread(stream->from->file, stream->packed, wanted, at);
    if (got <= 0)
        return false;
    stream->taken += (uint64_t)got;
    stream->in = (ZSTD_inBuffer){stream->packed, (size_t)got, 0};
    return true;
}

static bool all_read(const struct stream *stream)
{
    return stream->taken == stream->from->size && stream->in.pos == stream->in.size;
}

/* Fill the buffer; how many bytes there were, fewer than asked for only at the end or where damage is. */
static size_t take(struct stream *stream, void *into, size_t wanted)
{
    ZSTD_outBuffer out = {into, wanted, 0};
    while (out.pos < wanted && !(stream->hint == 0 && all_read(stream))) {
        size_t before = out.pos;
        stream->hint = ZSTD_decompressStream(stream->zstd, &out, &stream->in);
        if (ZSTD_isError(stream->hint))
            break;
        if (out.pos == before && stream->in.pos == stream->in.size && !refill(stream))
            break;
    }
    return out.pos;
}

/* Say why there were fewer bytes than asked for. */
static enum unpacked why_short(const struct stream *stream)
{
    if (ZSTD_getErrorCode(stream->hint) != ZSTD_error_memory_allocation)
        return DAMAGED;
    errno = ENOMEM;
    return UNWRITABLE;
}

/* Read what is behind the archive's end, so that zstd compares its checksum. */
static bool ended_well(struct stream *stream)
{
    char rest[BLOCK];
    while (take(stream, rest, sizeof rest) == sizeof rest)
        continue;
    return stream->hint == 0 && all_read(stream);
}

struct header { /* ustar, as POSIX has it; the numbers are octal */
    char name[LONGEST_NAME], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char rest[BLOCK - 157];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

static uint64_t octal(const char *field, size_t length)
{
    uint64_t value = 0;
    for (; length && *field >= '0' && *field <= '7'; length--, field++)
        value = value << 3 | (uint64_t)(*field - '0');
    return value;
}

static bool is_sound(const char *name)
{
    return memchr(name, '\0', LONGEST_NAME) && name[0] && name[0] != '/' && !strstr(name, "..");
}

static bool write_all(int file, const char *data, size_t size)
{
    while (size) {
        ssize_t written = write(file, data, size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return true;
}

/* Copy one file's bytes, and read the zeros behind them. */
static enum unpacked copy(struct stream *stream, int file, uint64_t size)
{
    static char data[1 << 16];
    while (size) {
        size_t piece = size < sizeof data ? (size_t)size : sizeof data;
        size_t padded = (piece + BLOCK - 1) / BLOCK * BLOCK;
        if (take(stream, data, padded) != padded)
            return why_short(stream);
        if (!write_all(file, data, piece))
            return UNWRITABLE;
        size -= piece;
    }
    return UNPACKED;
}

static enum unpacked unpack_file(struct stream *stream, int into, const struct header *header)
{
    mode_t mode = octal(header->mode, sizeof header->mode) & S_IXUSR ? 0700 : 0600;
    int file = openat(into, header->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0)
        return UNWRITABLE;
    enum unpacked result = copy(stream, file, octal(header->size, sizeof header->size));
    if (close(file) && result == UNPACKED) /* a full quota may be told here and nowhere else */
        result = UNWRITABLE;
    return result;
}

static enum unpacked unpack_entries(struct stream *stream, int into)
{
    struct header header;
    enum unpacked result = UNPACKED;
    while (result == UNPACKED) {
        if (take(stream, &header, sizeof header) != sizeof header)
            return why_short(stream);
        if (!header.name[0])
            return ended_well(stream) ? UNPACKED : DAMAGED;
        if (!is_sound(header.name))
            return DAMAGED;
        if (header.type == '5')
            result = mkdirat(into, header.name, 0700) ? UNWRITABLE : UNPACKED;
        else if (header.type == '0')
            result = unpack_file(stream, into, &header);
        else
            return DAMAGED;
    }
    return result;
}

enum unpacked payload_unpack(const struct payload *from, int into)
{
    static struct stream stream;
    stream = (struct stream){.from = from, .zstd = ZSTD_createDCtx(), .hint = 1};
    if (!stream.zstd) {
        errno = ENOMEM;
        return UNWRITABLE;
    }
    enum unpacked result = unpack_entries(&stream, into);
    ZSTD_freeDCtx(stream.zstd);
    return result;
}
