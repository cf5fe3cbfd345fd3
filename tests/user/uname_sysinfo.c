// SPDX-License-Identifier: MIT
//
// What a program is told of the system and of itself.
#include "harness.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

TEST(names)
{
    struct utsname name;
    int major, minor;
    CHECK_OK(uname(&name));
    CHECK(name.sysname[0] && name.nodename[0] && name.version[0]);
    CHECK_EQ(sscanf(name.release, "%d.%d", &major, &minor), 2);
    if (on_wharf())
        CHECK_STRING(name.machine, "riscv64");
}

TEST(system_information)
{
    struct sysinfo info;
    CHECK_OK(sysinfo(&info));
    CHECK(info.totalram * info.mem_unit >= 16 << 20);
    CHECK(info.freeram <= info.totalram);
    CHECK(info.procs >= 1);
}

TEST(processors)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CHECK_OK(sched_getaffinity(0, sizeof(set), &set));
    CHECK_BETWEEN(CPU_COUNT(&set), 1, 1024);
    CHECK_BETWEEN(sysconf(_SC_NPROCESSORS_ONLN), 1, 1024);
}

TEST(identity)
{
    CHECK_EQ(getuid(), geteuid());
    CHECK_EQ(getgid(), getegid());
    if (on_wharf())
        CHECK_EQ(getuid(), 0);
    CHECK(getpid() > 0);
    CHECK(getppid() > 0);
}

TEST(page_size)
{
    CHECK_EQ(sysconf(_SC_PAGESIZE), 4096);
}

TEST(process_name)
{
    char name[16], wanted[32];
    CHECK_OK(prctl(PR_SET_NAME, "a-new-name"));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STRING(name, "a-new-name");
    snprintf(wanted, sizeof(wanted), "%d (a-new-name) R", getpid());
    char *stat = read_file("/proc/self/stat");
    CHECK(strncmp(stat, wanted, strlen(wanted)) == 0);
}

TEST(unknown_system_call)
{
    CHECK_ERRNO(syscall(1999), ENOSYS);
    CHECK_ERRNO(syscall(-1), ENOSYS);
}

TEST(host_name)
{
    char name[65];
    CHECK_OK(gethostname(name, sizeof(name)));
    CHECK(name[0] != '\0');
}
