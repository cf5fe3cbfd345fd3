// SPDX-License-Identifier: MIT
//
// Reading cpio archives, see cpio.h. A header is a magic number and thirteen
// fields of eight hexadecimal digits; names and data are padded to four bytes.

#include "cpio.h"

#include <string.h>

#define FIELDS 13

static bool parse_hex(const char *digits, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < 8; i++) {
        char c = digits[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

int cpio_read(const char *archive, size_t size, size_t at,
              struct cpio_entry *entry)
{
    const char *header = archive + at;
    uint32_t field[FIELDS];

    if (at > size || size - at < CPIO_HEADER_SIZE)
        return -1;
    if (memcmp(header, "070701", 6) && memcmp(header, "070702", 6))
        return -1;
    for (unsigned i = 0; i < FIELDS; i++)
        if (!parse_hex(header + 6 + 8 * i, &field[i]))
            return -1;

    // 32-bit sizes cannot overflow these 64-bit sums.
    size_t name_size = field[11];
    size_t name_end = at + CPIO_HEADER_SIZE + name_size;
    size_t data = ALIGN_UP(name_end, 4);
    size_t data_end = data + field[6];
    if (name_size == 0 || name_end > size || data_end > size)
        return -1;
    if (header[CPIO_HEADER_SIZE + name_size - 1] != '\0')
        return -1;

    *entry = (struct cpio_entry){
        .inode = field[0],
        .mode = field[1],
        .uid = field[2],
        .gid = field[3],
        .links = field[4],
        .mtime = field[5],
        .size = field[6],
        .device_major = field[7],
        .device_minor = field[8],
        .rdev_major = field[9],
        .rdev_minor = field[10],
        .name = header + CPIO_HEADER_SIZE,
        .data = archive + data,
        .next = MIN(ALIGN_UP(data_end, 4), size),
    };
    return 0;
}

size_t cpio_skip_zeros(const char *archive, size_t size, size_t at)
{
    while (at < size && archive[at] == '\0')
        at++;
    return at;
}
