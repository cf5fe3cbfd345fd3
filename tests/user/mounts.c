// SPDX-License-Identifier: MIT
//
// Mounting: mount, umount, what a path finds below a mount point, /proc/mounts.
#include "harness.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

// A folder to mount on. Linux's user that checks the expectations may not.
static const char *mount_point(void)
{
    if (!on_wharf())
        skip("mounts need root");
    const char *path = temporary_name("mount");
    CHECK_OK(mkdir(path, 0755));
    return path;
}

static void finish(const char *path)
{
    CHECK_OK(umount(path));
    CHECK_OK(rmdir(path));
}

TEST(covers_what_was_there)
{
    const char *path = mount_point();
    char below[128];
    struct stat outside, inside;
    snprintf(below, sizeof(below), "%s/file", path);
    write_file(below, "outside");
    CHECK_OK(stat(path, &outside));
    CHECK_OK(mount("none", path, "tmpfs", 0, "mode=0700"));
    CHECK_ERRNO(open(below, O_RDONLY), ENOENT);
    CHECK_OK(stat(path, &inside));
    CHECK(inside.st_dev != outside.st_dev);
    CHECK_EQ(inside.st_mode, S_IFDIR | 0700);
    write_file(below, "inside");
    CHECK_OK(umount(path));
    CHECK_STRING(read_file(below), "outside");
    CHECK_OK(unlink(below));
    CHECK_OK(rmdir(path));
}

TEST(is_listed)
{
    const char *path = mount_point();
    char line[256];
    CHECK_OK(mount("source", path, "tmpfs", MS_NOSUID, NULL));
    snprintf(line, sizeof(line), "source %s tmpfs rw,nosuid 0 0\n", path);
    CHECK(strstr(read_file("/proc/mounts"), line) != NULL);
    CHECK(strstr(read_file("/proc/self/mounts"), line) != NULL);
    finish(path);
    CHECK(strstr(read_file("/proc/mounts"), line) == NULL);
}

TEST(dot_dot_leads_out)
{
    const char *path = mount_point();
    char up[128], cwd[128];
    struct stat one, two;
    CHECK_OK(mount("none", path, "tmpfs", 0, NULL));
    snprintf(up, sizeof(up), "%s/..", path);
    CHECK_OK(stat(up, &one));
    CHECK_OK(stat("/tmp", &two));
    CHECK_EQ(one.st_ino, two.st_ino);
    CHECK_EQ(one.st_dev, two.st_dev);
    CHECK_OK(chdir(path));
    CHECK_STRING(getcwd(cwd, sizeof(cwd)), path);
    CHECK_OK(chdir(".."));
    CHECK_STRING(getcwd(cwd, sizeof(cwd)), "/tmp");
    finish(path);
}

TEST(busy_while_in_use)
{
    const char *path = mount_point();
    char below[128];
    CHECK_OK(mount("none", path, "tmpfs", 0, NULL));
    snprintf(below, sizeof(below), "%s/file", path);
    write_file(below, "x");
    int fd = CHECK_OK(open(below, O_RDONLY));
    CHECK_ERRNO(umount(path), EBUSY);
    CHECK_OK(close(fd));
    CHECK_OK(chdir(path));
    CHECK_ERRNO(umount(path), EBUSY);
    CHECK_OK(chdir("/"));
    finish(path);
}

TEST(stacked)
{
    const char *path = mount_point();
    char below[128];
    snprintf(below, sizeof(below), "%s/file", path);
    CHECK_OK(mount("none", path, "tmpfs", 0, NULL));
    write_file(below, "first");
    CHECK_OK(mount("none", path, "tmpfs", 0, NULL));
    CHECK_ERRNO(open(below, O_RDONLY), ENOENT);
    CHECK_OK(umount(path));
    CHECK_STRING(read_file(below), "first");
    finish(path);
}

TEST(names_do_not_cross)
{
    const char *path = mount_point();
    char below[128];
    const char *outside = temporary_name("outside");
    CHECK_OK(mount("none", path, "tmpfs", 0, NULL));
    snprintf(below, sizeof(below), "%s/file", path);
    write_file(outside, "x");
    CHECK_ERRNO(rename(outside, below), EXDEV);
    CHECK_ERRNO(link(outside, below), EXDEV);
    CHECK_ERRNO(rmdir(path), EBUSY);
    CHECK_OK(unlink(outside));
    CHECK_ERRNO(rename(path, outside), EBUSY);
    finish(path);
}

TEST(read_only)
{
    const char *path = mount_point();
    char below[128];
    snprintf(below, sizeof(below), "%s/file", path);
    CHECK_OK(mount("none", path, "tmpfs", 0, NULL));
    write_file(below, "kept");
    CHECK_OK(mount("none", path, NULL, MS_REMOUNT | MS_RDONLY, NULL));
    CHECK_ERRNO(open(below, O_WRONLY), EROFS);
    CHECK_ERRNO(unlink(below), EROFS);
    CHECK_ERRNO(chmod(below, 0600), EROFS);
    CHECK_ERRNO(truncate(below, 0), EROFS);
    CHECK_ERRNO(access(below, W_OK), EROFS);
    CHECK_STRING(read_file(below), "kept");
    CHECK_OK(mount("none", path, NULL, MS_REMOUNT, NULL));
    CHECK_OK(unlink(below));
    finish(path);
}

TEST(another_proc_and_dev)
{
    const char *path = mount_point();
    char below[128];
    snprintf(below, sizeof(below), "%s/self/stat", path);
    CHECK_OK(mount("proc", path, "proc", 0, NULL));
    CHECK_EQ(atoi(read_file(below)), getpid());
    CHECK_OK(umount(path));
    CHECK_OK(mount("dev", path, "devtmpfs", 0, NULL));
    snprintf(below, sizeof(below), "%s/null", path);
    CHECK_EQ(write(CHECK_OK(open(below, O_WRONLY)), "x", 1), 1);
    // The descriptor goes with the test, so only a new one can be let go.
    CHECK_ERRNO(umount(path), EBUSY);
}

TEST(errors)
{
    const char *path = mount_point();
    const char *file = temporary_name("file");
    struct statfs status;
    write_file(file, "");
    CHECK_ERRNO(mount("none", path, "nosuchfs", 0, NULL), ENODEV);
    CHECK_ERRNO(mount("none", file, "tmpfs", 0, NULL), ENOTDIR);
    CHECK_ERRNO(mount("none", "/nonexistent", "tmpfs", 0, NULL), ENOENT);
    CHECK_ERRNO(umount(path), EINVAL);
    CHECK_ERRNO(umount("/nonexistent"), ENOENT);
    CHECK_ERRNO(umount("/"), EBUSY);
    CHECK_OK(statfs("/proc", &status));
    CHECK_EQ(status.f_type, 0x9fa0);
    CHECK_ERRNO(statfs("/nonexistent", &status), ENOENT);
    CHECK_OK(unlink(file));
    CHECK_OK(rmdir(path));
}
