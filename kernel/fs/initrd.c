// SPDX-License-Identifier: MIT
//
// Unpacking the initrd into the root file system: one or more cpio archives, as
// Linux's Documentation/driver-api/early-userspace/buffer-format.rst has it.
// The initrd's memory is handed to the page allocator as it is read.

#include "cpio.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <string.h>

#define COPY_CHUNK (64 * KiB)

// A file with several names, to be recognized when the next one comes.
struct hard_link {
    struct hard_link *next;
    uint32_t inode, major, minor;
    struct dentry *dentry;
};

struct unpacking {
    const char *archive;
    paddr start;
    size_t size;
    size_t freed;  // up to here the memory is given back
    struct hard_link *links;
};

// Give back the whole pages in front of `done`.
static void release_memory(struct unpacking *u, size_t done)
{
    paddr from = ALIGN_UP(u->start + u->freed, PAGE_SIZE);
    paddr to = ALIGN_DOWN(u->start + done, PAGE_SIZE);

    if (to <= from)
        return;
    page_free_range(from, to - from);
    u->freed = to - u->start;
}

static int write_contents(struct unpacking *u, struct inode *inode,
                          const struct cpio_entry *entry)
{
    for (size_t done = 0; done < entry->size;) {
        const char *data = entry->data + done;
        struct uio uio;
        uio_kernel(&uio, (void *)data, MIN(entry->size - done, COPY_CHUNK));
        ssize_t n = page_cache_write(&inode->cache, done, &uio);
        if (n <= 0)
            return n ? (int)n : -EIO;
        done += (size_t)n;
        release_memory(u, (size_t)(data - u->archive) + (size_t)n);
    }
    return 0;
}

static struct hard_link *find_link(struct unpacking *u,
                                   const struct cpio_entry *entry)
{
    struct hard_link *link = u->links;

    while (link &&
           (link->inode != entry->inode || link->major != entry->device_major ||
            link->minor != entry->device_minor))
        link = link->next;
    return link;
}

static int remember_link(struct unpacking *u, const struct cpio_entry *entry,
                         struct dentry *dentry)
{
    struct hard_link *link = kmalloc(sizeof(*link));

    if (!link)
        return -ENOMEM;
    dentry_get(dentry);
    *link = (struct hard_link){.next = u->links,
                               .inode = entry->inode,
                               .major = entry->device_major,
                               .minor = entry->device_minor,
                               .dentry = dentry};
    u->links = link;
    return 0;
}

// Numbers of inodes are unique within one archive only.
static void forget_links(struct unpacking *u)
{
    while (u->links) {
        struct hard_link *link = u->links;
        u->links = link->next;
        dentry_put(link->dentry);
        kfree(link);
    }
}

// Make the directories on the way to a name.
static void make_parents(const char *name)
{
    char *path = kstrdup(name);

    for (char *slash = path ? strchr(path + 1, '/') : NULL; slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        vfs_create(AT_FDCWD, path, S_IFDIR | 0755, 0, NULL, NULL);
        *slash = '/';
    }
    kfree(path);
}

static int create_once(const char *name, const struct cpio_entry *entry,
                       const char *target, const struct hard_link *link,
                       struct dentry **dentry)
{
    if (!link)
        return vfs_create(AT_FDCWD, name, entry->mode,
                          MAKEDEV(entry->rdev_major, entry->rdev_minor), target,
                          dentry);
    int error = vfs_link(link->dentry, AT_FDCWD, name);
    if (!error) {
        *dentry = link->dentry;
        dentry_get(*dentry);
    }
    return error;
}

// Create a name. One that is there already is replaced, unless both are
// directories; directories that are missing on the way are made.
static int create(const char *name, const struct cpio_entry *entry,
                  const char *target, const struct hard_link *link,
                  struct dentry **dentry)
{
    int error = create_once(name, entry, target, link, dentry);

    if (error == -EEXIST && S_ISDIR(entry->mode))
        return path_lookup(AT_FDCWD, name, LOOKUP_DIRECTORY, dentry);
    if (error == -EEXIST)
        error = vfs_unlink(AT_FDCWD, name, false);
    else if (error == -ENOENT)
        make_parents(name), error = 0;
    else
        return error;
    return error ? error : create_once(name, entry, target, link, dentry);
}

static int unpack_entry(struct unpacking *u, const struct cpio_entry *entry,
                        const char *name, const char *target)
{
    bool several = entry->links > 1 && !S_ISDIR(entry->mode);
    struct hard_link *link = several ? find_link(u, entry) : NULL;
    struct dentry *dentry;
    int error = create(name, entry, target, link, &dentry);

    if (error) {
        log_line("initrd: %s: error %d", name, error);
        return error;
    }
    struct inode *inode = dentry->inode;
    if (S_ISREG(entry->mode))
        error = write_contents(u, inode, entry);
    if (!error && several && !link)
        error = remember_link(u, entry, dentry);
    inode->mode = (inode->mode & S_IFMT) | (entry->mode & 07777);
    inode->uid = entry->uid;
    inode->gid = entry->gid;
    inode->mtime = entry->mtime * NSEC_PER_SEC;
    dentry_put(dentry);
    return error;
}

// Unpack one entry under its name as seen from the root. What cannot be made is
// logged and left out; only a lack of memory ends the unpacking.
static int unpack(struct unpacking *u, const struct cpio_entry *entry)
{
    const char *name = entry->name;
    char *target = NULL;

    while (*name == '/' || !strncmp(name, "./", 2))
        name++;
    if (!*name || !strcmp(name, "."))
        return 0;
    if (S_ISLNK(entry->mode)) {
        target = kzalloc(entry->size + 1ul);
        if (!target)
            return -ENOMEM;
        memcpy(target, entry->data, entry->size);
    }
    int error = unpack_entry(u, entry, name, target);
    kfree(target);
    return error == -ENOMEM ? error : 0;
}

static int unpack_all(struct unpacking *u)
{
    struct cpio_entry entry;

    for (size_t at = 0; at < u->size; at = entry.next) {
        at = cpio_skip_zeros(u->archive, u->size, at);
        if (at == u->size)
            break;
        if (cpio_read(u->archive, u->size, at, &entry)) {
            log_line("initrd: no cpio (newc) entry at offset %lu",
                     (unsigned long)at);
            return -EINVAL;
        }
        if (!strcmp(entry.name, CPIO_TRAILER)) {
            forget_links(u);
            continue;
        }
        int error = unpack(u, &entry);
        if (error)
            return error;
        release_memory(u, entry.next);
    }
    return 0;
}

int initrd_unpack(paddr start, uint64_t size)
{
    struct unpacking u = {
        .archive = phys_to_virt(start),
        .start = start,
        .size = size,
    };
    int error = unpack_all(&u);

    forget_links(&u);
    // The last page is the initrd's alone: the loader aligns what follows.
    release_memory(&u, ALIGN_UP(start + size, PAGE_SIZE) - start);
    return error;
}
