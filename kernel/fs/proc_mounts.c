// SPDX-License-Identifier: MIT
//
// /proc/mounts, /proc/PID/mounts and /proc/PID/mountinfo: what is mounted
// where, in the formats of proc(5).

#include <abi/fcntl.h>
#include <fs/proc.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <stdio.h>

// What is told of a mount, copied since it may be unmounted meanwhile.
struct mount_row {
    char source[64];
    const char *type;
    unsigned flags;
    uint64_t device, parent;  // st_dev, and that of what it is mounted in
    struct dentry *covers;    // a reference
};

// The nth mount; false past the last.
static bool mount_at(unsigned n, struct mount_row *row)
{
    struct super_block *super;

    WITH_LOCK(&vfs_lock) {
        list_for_each(super, &super_blocks, node) {
            if (n--)
                continue;
            snprintf(row->source, sizeof(row->source), "%s", super->source);
            row->type = super->type;
            row->flags = super->flags;
            row->device = super->device;
            row->covers = super->covers ? super->covers : super->root;
            row->parent = row->covers->super->device;
            dentry_get(row->covers);
            return true;
        }
    }
    return false;
}

static void show_options(struct text *text, const struct mount_row *row)
{
    text_printf(text, "%s%s%s%s", row->flags & MS_RDONLY ? "ro" : "rw",
                row->flags & MS_NOSUID ? ",nosuid" : "",
                row->flags & MS_NODEV ? ",nodev" : "",
                row->flags & MS_NOEXEC ? ",noexec" : "");
}

static void show_mount(struct text *text, const struct mount_row *row,
                       const char *path)
{
    text_printf(text, "%s %s %s ", row->source, path, row->type);
    show_options(text, row);
    text_printf(text, " 0 0\n");
}

// A file system has one mount, so its number serves for that, too.
static void show_mount_info(struct text *text, const struct mount_row *row,
                            const char *path)
{
    text_printf(text, "%u %u %u:%u / %s ", DEV_MINOR(row->device),
                row->parent == row->device ? 0 : DEV_MINOR(row->parent),
                DEV_MAJOR(row->device), DEV_MINOR(row->device), path);
    show_options(text, row);
    text_printf(text, " - %s %s ", row->type, row->source);
    show_options(text, row);
    text_printf(text, "\n");
}

static void for_each_mount(struct text *text,
                           void (*show)(struct text *text,
                                        const struct mount_row *row,
                                        const char *path))
{
    char *path = kmalloc(PATH_MAX);
    struct mount_row row;

    if (!path) {
        text->failed = true;
        return;
    }
    for (unsigned i = 0; mount_at(i, &row); i++) {
        if (dentry_path(row.covers, path, PATH_MAX, false) >= 0)
            show(text, &row, path);
        dentry_put(row.covers);
    }
    kfree(path);
}

static void show_mounts(struct text *text)
{
    for_each_mount(text, show_mount);
}
PROC_FILE(mounts) = {.path = "mounts", .show = show_mounts};

static void show_pid_mounts(struct text *text, struct process *process)
{
    (void)process;
    for_each_mount(text, show_mount);
}
PROC_PID_FILE(mounts) = {.name = "mounts", .show = show_pid_mounts};

static void show_pid_mount_info(struct text *text, struct process *process)
{
    (void)process;
    for_each_mount(text, show_mount_info);
}
PROC_PID_FILE(mountinfo) = {.name = "mountinfo", .show = show_pid_mount_info};
