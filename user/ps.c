// SPDX-License-Identifier: MIT
//
// ps: every process, from /proc/PID/{stat,status,cmdline} (proc(5)).

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process {
    int pid;
    int parent;
    int group;
    int session;
    unsigned user;
    char state;
    unsigned long ticks;     // of the processor, user and system
    unsigned long resident;  // KiB
    char name[64];
    char command[128];
};

static FILE *open_file(int pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    return fopen(path, "r");
}

// The name stands in parentheses and may contain any character, so it ends at
// the last of them.
static bool read_stat(struct process *p)
{
    FILE *file = open_file(p->pid, "stat");
    unsigned long user = 0, system = 0;
    char line[1024] = "", *name, *end;
    int fields;

    if (!file)
        return false;
    if (!fgets(line, sizeof(line), file))
        line[0] = '\0';
    fclose(file);
    name = strchr(line, '(');
    end = strrchr(line, ')');
    if (!name || !end)
        return false;
    *end = '\0';
    snprintf(p->name, sizeof(p->name), "%s", name + 1);
    fields =
        sscanf(end + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
               &p->state, &p->parent, &p->group, &p->session, &user, &system);
    p->ticks = user + system;
    return fields >= 4;
}

static void read_status(struct process *p)
{
    FILE *file = open_file(p->pid, "status");
    char line[256];

    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        sscanf(line, "Uid: %u", &p->user);
        sscanf(line, "VmRSS: %lu", &p->resident);
    }
    fclose(file);
}

// The arguments with spaces between them; a kernel thread has none.
static void read_command(struct process *p)
{
    FILE *file = open_file(p->pid, "cmdline");
    size_t length = 0;

    if (file) {
        length = fread(p->command, 1, sizeof(p->command) - 1, file);
        fclose(file);
    }
    while (length > 0 && !p->command[length - 1])
        length--;
    p->command[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        if (!isprint((unsigned char)p->command[i]))
            p->command[i] = p->command[i] ? '?' : ' ';
    }
    if (length == 0)
        snprintf(p->command, sizeof(p->command), "[%s]", p->name);
}

static int by_number(const struct dirent **left, const struct dirent **right)
{
    return atoi((*left)->d_name) - atoi((*right)->d_name);
}

static int is_process(const struct dirent *entry)
{
    return isdigit((unsigned char)entry->d_name[0]);
}

int main(void)
{
    struct dirent **entries;
    int count = scandir("/proc", &entries, is_process, by_number);
    long hertz = sysconf(_SC_CLK_TCK);

    if (count < 0)
        err(1, "/proc");
    printf("%5s %5s %5s %5s %4s S %7s %8s COMMAND\n", "PID", "PPID", "PGID",
           "SID", "UID", "RSS", "TIME");
    for (int i = 0; i < count; i++) {
        struct process p = {.pid = atoi(entries[i]->d_name)};

        // It may have ended since the folder was read.
        if (!read_stat(&p))
            continue;
        read_status(&p);
        read_command(&p);
        printf("%5d %5d %5d %5d %4u %c %7lu %5lu.%02lu %s\n", p.pid, p.parent,
               p.group, p.session, p.user, p.state, p.resident, p.ticks / hertz,
               p.ticks % hertz * 100 / hertz, p.command);
    }
    return 0;
}
