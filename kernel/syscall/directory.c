// SPDX-License-Identifier: MIT
//
// getdents64(2): a directory's entries, packed into user memory.

#include <abi/dirent.h>
#include <fs/vfs.h>
#include <mm/uaccess.h>
#include <string.h>
#include <syscall/syscalls.h>

struct listing {
    struct readdir context;
    uaddr at;  // where the next record goes
    size_t left;
    size_t done;
    int error;  // why it stopped, once nothing fitted
};

static bool emit(struct readdir *context, const char *name, size_t length,
                 uint64_t inode, unsigned type, uint64_t next)
{
    struct listing *list = container_of(context, struct listing, context);
    union {
        struct abi_dirent64 entry;
        char bytes[sizeof(struct abi_dirent64) + NAME_MAX + 1 + 8];
    } record;
    size_t header = offsetof(struct abi_dirent64, name);
    size_t size = ALIGN_UP(header + length + 1, 8ul);

    if (size > list->left) {
        list->error = -EINVAL;
        return false;
    }
    memset(&record, 0, size);
    record.entry.inode = inode;
    record.entry.next = (int64_t)next;
    record.entry.length = (uint16_t)size;
    record.entry.type = (uint8_t)type;
    memcpy(record.entry.name, name, length);
    if (copy_to_user(list->at, &record, size)) {
        list->error = -EFAULT;
        return false;
    }
    list->at += size;
    list->left -= size;
    list->done += size;
    return true;
}

long sys_getdents64(long fd, uaddr buffer, unsigned long n)
{
    struct listing list = {
        .context.emit = emit, .at = buffer, .left = (uint32_t)n};
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    int error = directory_list(file, &list.context);
    file_put(file);
    if (!error && !list.done)
        error = list.error;
    return error ? error : (long)list.done;
}
