// SPDX-License-Identifier: MIT
//
// The console: an NS16550A UART ("ns16550a" in the FDT), with FIFOs and
// interrupts both ways. The firmware has set the line up. Before uart_init and
// without the device, the log goes through the SBI.

#include <dev/uart.h>

#include <abi/errno.h>
#include <dev/fdt.h>
#include <dev/irq.h>
#include <dev/mmio.h>
#include <lib/linkset.h>
#include <lib/lock.h>
#include <lib/log.h>
#include <riscv/memory_layout.h>

enum uart_register {
    RBR = 0,  // read: received byte
    THR = 0,  // write: byte to send
    IER = 1,  // interrupt enable
    FCR = 2,  // FIFO control
    LSR = 5,  // line status
};

#define IER_RECEIVED          1
#define IER_TRANSMITTER_EMPTY 2
#define FCR_ENABLE            1
#define LSR_RECEIVED          1
#define LSR_TRANSMITTER_EMPTY 0x20
#define FIFO_SIZE             16

#define RING_SIZE UART_RING_SIZE

static struct spinlock lock = SPINLOCK_INIT(RANK_CONSOLE);
static uint64_t base;                     // (i) virtual address, 0: not there
static unsigned shift;                    // (i) registers are 1 << shift apart
static const struct uart_client *client;  // (i)
static char ring[RING_SIZE];              // (lock) bytes to send
static unsigned head, tail;               // (lock) counts of bytes put, taken
static bool refused;                      // (lock) the client waits for room

static uint8_t uart_read(enum uart_register r)
{
    return mmio_read8(base + ((uint64_t)r << shift));
}

static void uart_set(enum uart_register r, uint8_t value)
{
    mmio_write8(base + ((uint64_t)r << shift), value);
}

// ---- transmitter ----

// Move bytes from the ring to the hardware's FIFO if that is empty.
static void fill_fifo(void)
{
    if (!(uart_read(LSR) & LSR_TRANSMITTER_EMPTY))
        return;
    for (int i = 0; i < FIFO_SIZE && tail != head; i++)
        uart_set(THR, ring[tail++ % RING_SIZE]);
}

// Ask for an interrupt when the FIFO is empty only while there is more to send,
// and for input once somebody wants it: until then it waits in the FIFO, and
// behind that in QEMU.
static void set_interrupts(void)
{
    bool more = tail != head;
    uart_set(IER,
             (client ? IER_RECEIVED : 0) | (more ? IER_TRANSMITTER_EMPTY : 0));
}

size_t uart_write(const char *s, size_t n)
{
    size_t taken = 0;
    if (!base)
        return n;
    WITH_LOCK(&lock) {
        while (taken < n && head - tail < RING_SIZE)
            ring[head++ % RING_SIZE] = s[taken++];
        refused |= taken < n;
        fill_fifo();
        set_interrupts();
    }
    return taken;
}

size_t uart_pending(void)
{
    size_t pending = 0;
    WITH_LOCK(&lock) {
        pending = head - tail;
        refused |= pending > 0;
    }
    return pending;
}

static void write_waiting(char c)
{
    while (!(uart_read(LSR) & LSR_TRANSMITTER_EMPTY))
        ;
    uart_set(THR, c);
}

// A panic inside this file finds the lock held by its own hart and goes on
// regardless; a hart that was stopped in a panic of another holds no spinlock.
void uart_write_sync(const char *s, size_t n)
{
    bool locked = spin_held(&lock);
    if (!base)
        return;
    if (!locked)
        spin_lock(&lock);
    while (tail != head)
        write_waiting(ring[tail++ % RING_SIZE]);
    for (size_t i = 0; i < n; i++)
        write_waiting(s[i]);
    if (!locked)
        spin_unlock(&lock);
}

void uart_flush(void)
{
    uart_write_sync("", 0);
}

// ---- interrupts ----

static void receive(void)
{
    char input[FIFO_SIZE];
    size_t n = 0;
    while (n < sizeof(input) && uart_read(LSR) & LSR_RECEIVED)
        input[n++] = uart_read(RBR);
    if (n > 0 && client)
        client->receive(input, n);
}

// The interrupt is level-triggered: it comes again while there is more input.
// The client is called without the lock, since it may write.
static void uart_interrupt(void *unused)
{
    (void)unused;
    bool ready = false;
    receive();
    WITH_LOCK(&lock) {
        fill_fifo();
        set_interrupts();
        ready = refused && head - tail <= UART_LOW_WATER;
        refused &= !ready;
    }
    if (ready && client)
        client->transmit_ready();
}

void uart_set_client(const struct uart_client *new_client)
{
    WITH_LOCK(&lock) {
        client = new_client;
        set_interrupts();
    }
}

bool uart_present(void)
{
    return base != 0;
}

static int uart_init(void)
{
    static struct interrupt irq = {.handler = uart_interrupt, .name = "uart"};
    int node = fdt_find_compatible(-1, "ns16550a");
    paddr start;
    uint64_t size;
    if (node < 0 || !fdt_reg(node, 0, &start, &size))
        return -ENODEV;
    shift = fdt_number(node, "reg-shift", 0);
    base = (uint64_t)phys_to_virt(start);
    uart_set(FCR, FCR_ENABLE);
    log_set_console(uart_write_sync);
    irq.source = fdt_interrupt(node);
    int error = irq_register(&irq);
    if (!error)
        set_interrupts();
    return error;
}

INITCALL(INIT_DEVICES, uart_init);
