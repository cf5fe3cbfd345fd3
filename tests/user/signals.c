// SPDX-License-Identifier: MIT
//
// Signals: handlers, masks, frames, queues, timers, and who may kill whom.
#include "harness.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

static volatile sig_atomic_t last_signal, last_code, depth, deepest;
static void *volatile last_address;
static volatile pid_t last_sender;
static sigjmp_buf after_fault;

static void record(int number, siginfo_t *info, void *context)
{
    (void)context;
    last_signal = number;
    last_code = info->si_code;
    last_sender = info->si_pid;
}

static void catch_info(int number, int flags)
{
    struct sigaction action = {.sa_sigaction = record,
                               .sa_flags = flags | SA_SIGINFO};
    CHECK_OK(sigaction(number, &action, NULL));
}

static sigset_t set_of(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
}

static void block(int number)
{
    sigset_t set = set_of(number);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

static void unblock(int number)
{
    sigset_t set = set_of(number);
    CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(handler_runs_before_kill_returns)
{
    catch_signal(SIGUSR1, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(signals_caught, 1);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(signals_caught, 2);
}

TEST(information)
{
    catch_info(SIGUSR2, 0);
    CHECK_OK(kill(getpid(), SIGUSR2));
    CHECK_EQ(last_signal, SIGUSR2);
    CHECK_EQ(last_code, SI_USER);
    CHECK_EQ(last_sender, getpid());
    CHECK_EQ(raise(SIGUSR2), 0);
    CHECK_EQ(last_code, SI_TKILL);
}

TEST(old_action_is_returned)
{
    struct sigaction action = {.sa_flags = SA_RESTART}, old;
    action.sa_handler = SIG_IGN;
    sigaddset(&action.sa_mask, SIGTERM);
    CHECK_OK(sigaction(SIGUSR1, &action, &old));
    CHECK(old.sa_handler == SIG_DFL);
    CHECK_OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_handler == SIG_IGN);
    CHECK(old.sa_flags & SA_RESTART);
    CHECK_EQ(sigismember(&old.sa_mask, SIGTERM), 1);
}

TEST(action_errors)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    CHECK_ERRNO(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_ERRNO(sigaction(SIGSTOP, &action, NULL), EINVAL);
    CHECK_ERRNO(sigaction(0, &action, NULL), EINVAL);
    CHECK_ERRNO(sigaction(65, &action, NULL), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
}

TEST(kill_errors)
{
    CHECK_ERRNO(kill(99999, SIGTERM), ESRCH);
    CHECK_ERRNO(kill(99999, 0), ESRCH);
    CHECK_ERRNO(kill(getpid(), 65), EINVAL);
    CHECK_ERRNO(kill(getpid(), -1), EINVAL);
    CHECK_ERRNO(kill(-99999, SIGTERM), ESRCH);
    CHECK_OK(kill(getpid(), 0));
    CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 99999, SIGTERM), ESRCH);
    CHECK_ERRNO(syscall(SYS_tgkill, -1, getpid(), SIGTERM), EINVAL);
}

TEST(blocked_waits)
{
    sigset_t pending;
    catch_signal(SIGUSR1, 0);
    block(SIGUSR1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(signals_caught, 0);
    CHECK_OK(sigpending(&pending));
    CHECK_EQ(sigismember(&pending, SIGUSR1), 1);
    unblock(SIGUSR1);
    CHECK_EQ(signals_caught, 1);  // does not queue
    CHECK_OK(sigpending(&pending));
    CHECK_EQ(sigismember(&pending, SIGUSR1), 0);
}

TEST(ignored_is_dropped)
{
    signal(SIGUSR1, SIG_IGN);
    block(SIGUSR1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    catch_signal(SIGUSR1, 0);
    unblock(SIGUSR1);
    CHECK_BETWEEN(signals_caught, 0, 1);
    signal(SIGUSR1, SIG_IGN);
    CHECK_OK(kill(getpid(), SIGUSR1));
}

TEST(kill_and_stop_cannot_be_blocked)
{
    sigset_t set, now;
    sigfillset(&set);
    CHECK_OK(sigprocmask(SIG_SETMASK, &set, NULL));
    CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &now));
    CHECK_EQ(sigismember(&now, SIGKILL), 0);
    CHECK_EQ(sigismember(&now, SIGSTOP), 0);
    CHECK_EQ(sigismember(&now, SIGTERM), 1);
}

TEST(mask_errors)
{
    sigset_t set = set_of(SIGUSR1);
    CHECK_ERRNO(sigprocmask(99, &set, NULL), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL);
}

static void nest(int number)
{
    static int calls;
    depth++;
    if (depth > deepest)
        deepest = depth;
    if (++calls < 3)
        kill(getpid(), number);
    depth--;
}

TEST(blocked_during_its_handler)
{
    struct sigaction action = {.sa_handler = nest};
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    block(SIGUSR2);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(deepest, 1);
}

TEST(nodefer)
{
    struct sigaction action = {.sa_handler = nest, .sa_flags = SA_NODEFER};
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(deepest, 3);
}

TEST(resethand)
{
    struct sigaction old;
    catch_signal(SIGUSR1, SA_RESETHAND);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(signals_caught, 1);
    CHECK_OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_handler == SIG_DFL);
}

static volatile sig_atomic_t other_was_blocked;

static void look_at_mask(int number)
{
    sigset_t now;
    (void)number;
    sigprocmask(SIG_SETMASK, NULL, &now);
    other_was_blocked = sigismember(&now, SIGUSR2);
}

TEST(mask_of_the_action)
{
    struct sigaction action = {.sa_handler = look_at_mask};
    sigset_t now;
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(other_was_blocked, 1);
    CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &now));
    CHECK_EQ(sigismember(&now, SIGUSR2), 0);
}

TEST(suspend)
{
    sigset_t empty;
    catch_signal(SIGUSR1, 0);
    block(SIGUSR1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    sigemptyset(&empty);
    CHECK_ERRNO(sigsuspend(&empty), EINTR);
    CHECK_EQ(signals_caught, 1);
    sigset_t now;
    CHECK_OK(sigprocmask(SIG_SETMASK, NULL, &now));
    CHECK_EQ(sigismember(&now, SIGUSR1), 1);
}

TEST(wait_for_one)
{
    sigset_t set = set_of(SIGUSR1);
    siginfo_t info;
    struct timespec soon = {0, 50000000}, never = {0, -1};
    block(SIGUSR1);
    CHECK_ERRNO(sigtimedwait(&set, &info, &soon), EAGAIN);
    CHECK_ERRNO(sigtimedwait(&set, &info, &never), EINVAL);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK_EQ(info.si_pid, getpid());
    CHECK_ERRNO(sigtimedwait(&set, &info, &soon), EAGAIN);
}

TEST(wait_for_one_that_is_to_come)
{
    int number;
    pid_t me = getpid();
    sigset_t set = set_of(SIGUSR1);
    block(SIGUSR1);
    pid_t child = fork_child();
    if (child == 0) {
        wait_asleep(me);
        CHECK_OK(kill(me, SIGUSR1));
        _exit(0);
    }
    CHECK_EQ(sigwait(&set, &number), 0);
    CHECK_EQ(number, SIGUSR1);
    wait_child(child);
}

TEST(alarm_comes)
{
    catch_signal(SIGALRM, 0);
    CHECK_EQ(alarm(1), 0);
    CHECK_EQ(alarm(1), 1);
    pause();
    CHECK_EQ(signals_caught, 1);
    CHECK_EQ(alarm(0), 0);
}

TEST(interval_timer)
{
    struct itimerval now;
    interrupt_every_ms(20);
    while (signals_caught < 5)
        pause();
    CHECK_OK(getitimer(ITIMER_REAL, &now));
    CHECK_EQ(now.it_interval.tv_usec, 20000);
    interrupt_every_ms(0);
    int before = signals_caught;
    pause_ms(80);
    CHECK_EQ(signals_caught, before);
}

TEST(interval_timer_errors)
{
    struct itimerval wrong = {{0, 0}, {0, 1000000}};
    CHECK_ERRNO(setitimer(ITIMER_REAL, &wrong, NULL), EINVAL);
    CHECK_ERRNO(setitimer(99, &wrong, NULL), EINVAL);
}

static void jump_out(int number, siginfo_t *info, void *context)
{
    (void)context;
    last_signal = number;
    last_code = info->si_code;
    last_address = info->si_addr;
    siglongjmp(after_fault, 1);
}

static void catch_fault(int number)
{
    struct sigaction action = {.sa_sigaction = jump_out,
                               .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(number, &action, NULL));
}

TEST(segv_tells_the_address)
{
    catch_fault(SIGSEGV);
    volatile char *hole = bad_pointer();
    if (sigsetjmp(after_fault, 1) == 0) {
        *hole = 1;
        FAIL("the write went through");
    }
    CHECK_EQ(last_signal, SIGSEGV);
    CHECK_EQ(last_code, SEGV_MAPERR);
    CHECK(last_address == hole);
    volatile char *constant =
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(after_fault, 1) == 0) {
        constant[5] = 1;
        FAIL("the write went through");
    }
    CHECK_EQ(last_code, SEGV_ACCERR);
    CHECK(last_address == constant + 5);
}

TEST(segv_kills)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        *(volatile int *)bad_pointer() = 1;
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

TEST(blocked_segv_kills_all_the_same)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        catch_fault(SIGSEGV);
        block(SIGSEGV);
        *(volatile int *)bad_pointer() = 1;
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

#ifdef __riscv
static const unsigned char illegal_code[] = {0, 0, 0, 0};
#else
static const unsigned char illegal_code[] = {0x0f, 0x0b};  // ud2
#endif

TEST(illegal_instruction)
{
    void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    memcpy(code, illegal_code, sizeof(illegal_code));
    CHECK_OK(mprotect(code, 4096, PROT_READ | PROT_EXEC));
    catch_fault(SIGILL);
    if (sigsetjmp(after_fault, 1) == 0) {
        ((void (*)(void))code)();
        FAIL("it ran");
    }
    CHECK_EQ(last_signal, SIGILL);
    CHECK(last_address == code);
}

static void *volatile handler_stack;

static void note_stack(int number)
{
    (void)number;
    handler_stack = __builtin_frame_address(0);
}

TEST(alternate_stack)
{
    size_t size = 65536;
    char *room = malloc(size);
    stack_t stack = {.ss_sp = room, .ss_size = size}, old;
    struct sigaction action = {.sa_handler = note_stack,
                               .sa_flags = SA_ONSTACK};
    CHECK_OK(sigaltstack(&stack, NULL));
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK((char *)handler_stack > room && (char *)handler_stack < room + size);
    CHECK_OK(sigaltstack(NULL, &old));
    CHECK(old.ss_sp == room);
    stack.ss_size = 100;
    CHECK_ERRNO(sigaltstack(&stack, NULL), ENOMEM);
}

static void on_overflow(int number)
{
    (void)number;
    _exit(0);
}

// Needs more and more stack, for as long as the argument, which is not 0, says.
static int recurse(int level)
{
    volatile char room[4096];
    room[0] = level;
    return level == 0 ? 0 : room[0] + recurse(level + 1) + room[0];
}

TEST(stack_overflow_is_caught_on_the_other_stack)
{
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    struct sigaction action = {.sa_handler = on_overflow,
                               .sa_flags = SA_ONSTACK};
    CHECK_OK(sigaltstack(&stack, NULL));
    CHECK_OK(sigaction(SIGSEGV, &action, NULL));
    pid_t child = fork_child();
    if (child == 0)
        _exit(recurse(1) | 1);
    wait_child(child);
}

TEST(no_room_for_the_frame_kills)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        catch_signal(SIGSEGV, 0);
        _exit(recurse(1) | 1);  // no stack is left to run the handler on
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

static volatile double handler_sum;

static void spoil_registers(int number)
{
    double values[16];
    (void)number;
    for (int i = 0; i < 16; i++)
        values[i] = i * 1.25 + signals_caught;
    for (int i = 0; i < 16; i++)
        handler_sum += values[i];
    signals_caught++;
}

TEST(registers_survive_a_handler)
{
    struct sigaction action = {.sa_handler = spoil_registers};
    struct itimerval timer = {{0, 2000}, {0, 2000}};
    double sum = 0;
    unsigned long integer = 0, expected = 0;
    long rounds = 0;

    CHECK_OK(sigaction(SIGALRM, &action, NULL));
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
    while (signals_caught < 50) {
        for (int i = 0; i < 1000; i++) {
            sum += 0.5;
            integer = integer * 31 + i;
        }
        rounds++;
    }
    for (long i = 0; i < rounds; i++)
        for (int j = 0; j < 1000; j++)
            expected = expected * 31 + j;
    CHECK(integer == expected);
    CHECK(sum == rounds * 500.0);
}

TEST(to_a_group)
{
    int ends[2];
    char byte;
    CHECK_OK(pipe(ends));
    pid_t leader = fork_child();
    if (leader == 0) {
        setpgid(0, 0);
        if (fork_child() == 0)
            setpgid(0, getppid());
        close(ends[0]);
        write_all(ends[1], "r", 1);
        for (;;)
            pause();
    }
    close(ends[1]);
    read_all(ends[0], &byte, 1);
    read_all(ends[0], &byte, 1);
    CHECK_OK(kill(-leader, SIGTERM));
    CHECK_EQ(read(ends[0], &byte, 1), 0);  // both are gone
    CHECK_EQ(waitpid(leader, NULL, 0), leader);
}

TEST(inherited_by_fork_but_not_pending)
{
    sigset_t pending;
    catch_signal(SIGUSR1, 0);
    block(SIGUSR1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(sigpending(&pending));
        CHECK_EQ(sigismember(&pending, SIGUSR1), 0);
        unblock(SIGUSR1);
        CHECK_EQ(signals_caught, 0);
        CHECK_OK(kill(getpid(), SIGUSR1));
        CHECK_EQ(signals_caught, 1);
        _exit(0);
    }
    wait_child(child);
}

TEST(sleep_is_interrupted)
{
    struct timespec long_time = {5, 0}, left;
    interrupt_every_ms(100);
    CHECK_ERRNO(nanosleep(&long_time, &left), EINTR);
    CHECK_BETWEEN(left.tv_sec * 1000 + left.tv_nsec / 1000000, 1000, 4950);
}

TEST(spinning_process_can_be_killed)
{
    int status;
    pid_t child = fork_child();
    if (child == 0)
        for (;;)
            ;
    pause_ms(20);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WTERMSIG(status), SIGKILL);
}

TEST(real_time_signals_queue)
{
    siginfo_t info;
    sigset_t set = set_of(SIGRTMIN + 1);
    block(SIGRTMIN + 1);
    for (int i = 1; i <= 3; i++)
        CHECK_OK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){i}));
    for (int i = 1; i <= 3; i++) {
        CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 1);
        CHECK_EQ(info.si_value.sival_int, i);
        CHECK_EQ(info.si_code, SI_QUEUE);
    }
}
