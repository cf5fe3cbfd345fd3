// SPDX-License-Identifier: MIT
//
// kernel/dev/fdt.c on a tree of the shape of QEMU's, built by libfdt, which is
// compiled in with it.

#include "unit.h"

#include <dev/fdt.h>
#include <riscv/memory_layout.h>

#include <fdt.c>
#include <fdt_addresses.c>
#include <fdt_ro.c>
#include <fdt_strerror.c>
#include <fdt_sw.c>
#include <fdt_wip.c>

// Of fdt_rw.c, which cannot be compiled together with fdt_sw.c. Nobody calls
// it.
int fdt_appendprop(void *fdt, int node, const char *name, const void *value,
                   int length)
{
    (void)fdt, (void)node, (void)name, (void)value, (void)length;
    abort();
}

#define NODE(name, body)            \
    do {                            \
        fdt_begin_node(tree, name); \
        body;                       \
        fdt_end_node(tree);         \
    } while (0)
#define TEXT(name, value) fdt_property_string(tree, name, value)
#define CELL(name, value) fdt_property_u32(tree, name, value)
#define CELLS(name, ...)                            \
    property_cells(name, (uint32_t[]){__VA_ARGS__}, \
                   sizeof((uint32_t[]){__VA_ARGS__}))

static char tree[8192] __attribute__((aligned(8)));

static void property_cells(const char *name, uint32_t *cells, size_t size)
{
    for (size_t i = 0; i < size / sizeof(*cells); i++)
        cells[i] = cpu_to_fdt32(cells[i]);
    fdt_property(tree, name, cells, size);
}

static void hart(const char *name, uint32_t number, const char *isa,
                 const char *status)
{
    fdt_begin_node(tree, name);
    TEXT("device_type", "cpu");
    CELL("reg", number);
    TEXT("status", status);
    TEXT("riscv,isa", isa);
    NODE("interrupt-controller", CELL("phandle", 10 + number));
    fdt_end_node(tree);
}

static void cpus(void)
{
    CELL("#address-cells", 1);
    CELL("#size-cells", 0);
    hart("cpu@0", 0, "rv64imafdch_zicsr_zba_sstc", "okay");
    hart("cpu@1", 1, "rv64imac", "disabled");
    hart("cpu@2", 2, "rv64imafdc_sstc_zbb", "okay");
}

static void reserved_memory(void)
{
    CELL("#address-cells", 2);
    CELL("#size-cells", 2);
    NODE("firmware@80000000", CELLS("reg", 0, 0x80000000, 0, 0x80000));
    NODE("two@90000000",
         CELLS("reg", 0, 0x90000000, 0, 0x1000, 0, 0x91000000, 0, 0x2000));
}

static void chosen(void)
{
    TEXT("bootargs", "quiet ip=dhcp");
    CELL("linux,initrd-start", 0x84000000);
    fdt_property_u64(tree, "linux,initrd-end", 0x84001000);
    fdt_property(tree, "rng-seed", "secret seed", 11);
}

static void devices(void)
{
    CELL("#address-cells", 2);
    CELL("#size-cells", 2);
    NODE("plic@c000000", CELLS("interrupts-extended", 10, 11, 10, 9, 12, 9));
    NODE("virtio@10002000", {
        CELLS("reg", 0, 0x10002000, 0, 0x1000);
        CELL("interrupts", 2);
        TEXT("compatible", "virtio,mmio");
    });
    NODE("virtio@10001000", {
        CELLS("reg", 0, 0x10001000, 0, 0x1000);
        TEXT("compatible", "virtio,mmio");
    });
}

static void start(void)
{
    memset(tree, 0, sizeof(tree));
    fdt_create(tree, sizeof(tree));
    fdt_add_reservemap_entry(tree, 0xa0000000, 0x3000);
    fdt_finish_reservemap(tree);
    NODE("", {
        CELL("#address-cells", 2);
        CELL("#size-cells", 2);
        NODE("chosen", chosen());
        NODE("cpus", cpus());
        NODE("reserved-memory", reserved_memory());
        NODE("memory@80000000", {
            TEXT("device_type", "memory");
            CELLS("reg", 0, 0x80000000, 0, 0x8000000, 1, 0, 2, 0);
        });
        NODE("memory@b0000000", {
            TEXT("device_type", "memory");
            CELLS("reg", 0, 0xb0000000, 0, 0x1000);
        });
        NODE("soc", devices());
    });
    CHECK_EQ(fdt_finish(tree), 0);
    fdt_init(virt_to_phys(tree));
}

typedef bool walk(int index, paddr *start, uint64_t *size);

static void check_range(walk *next, int index, paddr start, uint64_t size)
{
    paddr got_start;
    uint64_t got_size;
    CHECK(next(index, &got_start, &got_size));
    CHECK_EQ(got_start, start);
    CHECK_EQ(got_size, size);
}

TEST(memory_of_all_nodes_is_one_list)
{
    paddr at;
    uint64_t size;
    start();
    check_range(fdt_memory, 0, 0x80000000, 0x8000000);
    check_range(fdt_memory, 1, 0x100000000, 0x200000000);
    check_range(fdt_memory, 2, 0xb0000000, 0x1000);
    CHECK(!fdt_memory(3, &at, &size));
}

TEST(reserved_ranges_of_blob_and_nodes)
{
    paddr at;
    uint64_t size;
    start();
    check_range(fdt_reserved, 0, 0xa0000000, 0x3000);
    check_range(fdt_reserved, 1, 0x80000000, 0x80000);
    check_range(fdt_reserved, 2, 0x90000000, 0x1000);
    check_range(fdt_reserved, 3, 0x91000000, 0x2000);
    CHECK(!fdt_reserved(4, &at, &size));
}

TEST(harts_that_are_okay)
{
    uint64_t hartid;
    start();
    CHECK(fdt_hart(0, &hartid));
    CHECK_EQ(hartid, 0);
    CHECK(fdt_hart(1, &hartid));
    CHECK_EQ(hartid, 2);
    CHECK(!fdt_hart(2, &hartid));
}

TEST(extensions_of_every_hart)
{
    start();
    CHECK(fdt_isa_has("sstc"));
    CHECK(fdt_isa_has("c"));
    CHECK(fdt_isa_has("d"));
    CHECK(!fdt_isa_has("h"));
    CHECK(!fdt_isa_has("zba"));
    CHECK(!fdt_isa_has("ss"));
    CHECK(!fdt_isa_has("v"));
    CHECK(!fdt_isa_has("r"));
}

TEST(contexts_of_the_interrupt_controller)
{
    int controller, node;
    uint32_t number;
    uint64_t hartid;
    start();
    node = fdt_find_path("/soc/plic@c000000");
    CHECK(fdt_interrupt_extended(node, 1, &controller, &number));
    CHECK_EQ(number, 9);
    CHECK(fdt_hart_of_controller(controller, &hartid));
    CHECK_EQ(hartid, 0);
    CHECK(fdt_interrupt_extended(node, 2, &controller, &number));
    CHECK(fdt_hart_of_controller(controller, &hartid));
    CHECK_EQ(hartid, 2);
    CHECK(!fdt_interrupt_extended(node, 3, &controller, &number));
    CHECK(!fdt_hart_of_controller(node, &hartid));
}

TEST(devices_one_after_the_other)
{
    paddr at;
    uint64_t size;
    start();
    int node = fdt_find_compatible(-1, "virtio,mmio");
    CHECK(fdt_reg(node, 0, &at, &size));
    CHECK_EQ(at, 0x10002000);
    CHECK_EQ(size, 0x1000);
    CHECK(!fdt_reg(node, 1, &at, &size));
    CHECK_EQ(fdt_interrupt(node), 2);
    node = fdt_find_compatible(node, "virtio,mmio");
    CHECK_EQ(fdt_interrupt(node), 0);
    CHECK_EQ(fdt_find_compatible(node, "virtio,mmio"), -1);
    CHECK(!fdt_reg(-1, 0, &at, &size));
}

TEST(chosen_properties)
{
    start();
    CHECK(!strcmp(fdt_bootargs(), "quiet ip=dhcp"));
    paddr at;
    uint64_t size;
    CHECK(fdt_initrd(&at, &size));
    CHECK_EQ(at, 0x84000000);
    CHECK_EQ(size, 0x1000);
}

TEST(the_seed_is_erased_when_it_is_taken)
{
    char seed[64];
    start();
    CHECK_EQ(fdt_take_rng_seed(seed, sizeof(seed)), 11);
    CHECK(!memcmp(seed, "secret seed", 11));
    CHECK(!memmem(tree, sizeof(tree), "secret", 6));
    CHECK_EQ(fdt_take_rng_seed(seed, sizeof(seed)), 0);
    CHECK(!strcmp(fdt_bootargs(), "quiet ip=dhcp"));
}
