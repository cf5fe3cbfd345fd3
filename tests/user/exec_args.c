// SPDX-License-Identifier: MIT
//
// What a new program finds on its stack, and scripts that begin with #!.
#include "harness.h"

#include <sys/auxv.h>
#include <sys/stat.h>

// Output of a program run with these arguments, and its wait status.
static char *run(const char *path, char **arguments, char **environment,
                 int *status)
{
    static char text[65536];
    int ends[2];
    size_t length = 0;
    ssize_t count;

    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execve(path, arguments, environment);
        _exit(100 + errno % 100);
    }
    close(ends[1]);
    while ((count = CHECK_OK(
                read(ends[0], text + length, sizeof(text) - 1 - length))) > 0)
        length += count;
    text[length] = '\0';
    close(ends[0]);
    CHECK_EQ(waitpid(child, status, 0), child);
    return text;
}

static char *no_environment[] = {NULL};

static char *script(const char *name, const char *text)
{
    const char *path = temporary_name(name);
    write_file(path, text);
    CHECK_OK(chmod(path, 0755));
    return (char *)path;
}

TEST(vector_is_what_linux_gives)
{
    int status;
    char wanted[512];
    char *arguments[] = {"x", "--helper", "auxiliary-vector", NULL};
    char *text = run(program_path, arguments, no_environment, &status);
    CHECK_EQ(status, 0);
    snprintf(wanted, sizeof(wanted), "4096 1 1 %d 0 100 1 %s\n", getuid(),
             program_path);
    CHECK(strncmp(text, wanted, strlen(wanted)) == 0);
}

TEST(random_bytes_differ)
{
    int status;
    char first[64], *arguments[] = {"x", "--helper", "auxiliary-vector", NULL};
    char *text = run(program_path, arguments, no_environment, &status);
    snprintf(first, sizeof(first), "%s", strchr(text, '\n') + 1);
    text = run(program_path, arguments, no_environment, &status);
    CHECK_EQ(strlen(first), 33);
    CHECK(strcmp(strchr(text, '\n') + 1, first) != 0);
}

TEST(many_arguments)
{
    static char *arguments[1001], numbers[1000][8];
    int status, seen = 0;
    arguments[0] = "x";
    arguments[1] = "--helper";
    arguments[2] = "arguments";
    for (int i = 3; i < 1000; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%d", i);
        arguments[i] = numbers[i];
    }
    char *text = run(program_path, arguments, no_environment, &status);
    CHECK_EQ(status, 0);
    for (char *at = text; (at = strchr(at, '[')) != NULL; at++)
        seen++;
    CHECK_EQ(seen, 998);
    CHECK(strstr(text, "[999]") != NULL);
}

TEST(long_argument)
{
    static char argument[30000];
    int status;
    char *arguments[] = {"x", "--helper", "arguments", argument, NULL};
    memset(argument, 'L', sizeof(argument) - 1);
    char *text = run(program_path, arguments, no_environment, &status);
    CHECK_EQ(strlen(text), strlen("[arguments][]\n") + sizeof(argument) - 1);
}

TEST(no_arguments_at_all)
{
    int status;
    char *arguments[] = {NULL};
    // Linux puts in an empty argv[0]. Any clean end will do.
    run("/bin/true", arguments, no_environment, &status);
    CHECK(WIFEXITED(status));
}

TEST(script_with_its_interpreter)
{
    char wanted[512], *arguments[] = {"ignored", "a", "b c", NULL};
    int status;
    char *path = script("plain", "#!/bin/sh\necho \"$0|$1|$2|$#\"\n");
    char *output = run(path, arguments, no_environment, &status);
    CHECK_EQ(status, 0);
    snprintf(wanted, sizeof(wanted), "%s|a|b c|2\n", path);
    CHECK_STRING(output, wanted);
    unlink(path);
}

TEST(script_spaces_and_one_argument)
{
    int status;
    char *arguments[] = {"x", NULL};
    char *path = script("spaces", "#!  \t/bin/sh   -e  \nfalse\necho no\n");
    char *output = run(path, arguments, no_environment, &status);
    CHECK(status != 0);
    CHECK_STRING(output, "");
    unlink(path);
}

TEST(script_errors)
{
    int status;
    char *arguments[] = {"x", NULL};
    char *path = script("missing", "#!/no/such/interpreter\n");
    run(path, arguments, no_environment, &status);
    CHECK_EQ(WEXITSTATUS(status), 100 + ENOENT);
    write_file(path, "#!\n");
    run(path, arguments, no_environment, &status);
    CHECK_EQ(WEXITSTATUS(status), 100 + ENOEXEC);
    write_file(path, "#!/tmp\n");
    run(path, arguments, no_environment, &status);
    CHECK_EQ(WEXITSTATUS(status), 100 + EACCES);
    unlink(path);
}

TEST(script_of_a_script)
{
    char text[128];
    int status;
    char *arguments[] = {"x", NULL};
    char *inner = script("inner", "#!/bin/sh\necho inner $#\n");
    snprintf(text, sizeof(text), "#!%s\n", inner);
    char *outer = script("outer", text);
    CHECK_STRING(run(outer, arguments, no_environment, &status), "inner 1\n");
    unlink(inner);
    unlink(outer);
}

TEST(script_of_itself)
{
    char text[128];
    int status;
    char *arguments[] = {"x", NULL};
    char *path = script("self", "");
    snprintf(text, sizeof(text), "#!%s\n", path);
    write_file(path, text);
    run(path, arguments, no_environment, &status);
    CHECK_EQ(WEXITSTATUS(status), 100 + ELOOP);
    unlink(path);
}

TEST(stack_is_aligned)
{
    CHECK_EQ((uintptr_t)getauxval(AT_RANDOM) == 0, 0);
    CHECK_EQ(getauxval(AT_PAGESZ), 4096);
}
