// SPDX-License-Identifier: MIT
//
// What the kernel asks of the device tree, in terms of libfdt. The blob stays
// where the firmware put it and is read through the direct map. Bindings: the
// Devicetree Specification 0.4; Linux's bindings of the single devices.

#include <dev/fdt.h>

#include <lib/log.h>
#include <libfdt.h>
#include <riscv/memory_layout.h>
#include <string.h>

static void *blob;

void fdt_init(paddr pa)
{
    blob = phys_to_virt(pa);
    int error = fdt_check_header(blob);
    if (error)
        panic("no device tree at %#lx: %s", pa, fdt_strerror(error));
}

void fdt_range(paddr *start, uint64_t *size)
{
    *start = virt_to_phys(blob);
    *size = fdt_totalsize(blob);
}

// libfdt's negative errors all mean "no such node" to our callers.
static int node_or_none(int node)
{
    return node >= 0 ? node : -1;
}

int fdt_find_compatible(int after, const char *compatible)
{
    return node_or_none(fdt_node_offset_by_compatible(blob, after, compatible));
}

int fdt_find_path(const char *path)
{
    return node_or_none(fdt_path_offset(blob, path));
}

int fdt_find_phandle(uint32_t phandle)
{
    return node_or_none(fdt_node_offset_by_phandle(blob, phandle));
}

const void *fdt_bytes(int node, const char *property, size_t *length)
{
    int n;
    const void *data = fdt_getprop(blob, node, property, &n);
    *length = data ? n : 0;
    return data;
}

const char *fdt_text(int node, const char *property)
{
    size_t n;
    const char *text = fdt_bytes(node, property, &n);
    return text && n > 0 && text[n - 1] == '\0' ? text : NULL;
}

// A big-endian number of `cells` 32-bit words; the highest are dropped.
static uint64_t cells_value(const fdt32_t *at, int cells)
{
    uint64_t value = 0;
    for (int i = 0; i < cells; i++)
        value = value << 32 | fdt32_ld(&at[i]);
    return value;
}

uint64_t fdt_number(int node, const char *property, uint64_t otherwise)
{
    size_t n;
    const fdt32_t *cells = fdt_bytes(node, property, &n);
    return n == 4 || n == 8 ? cells_value(cells, n / 4) : otherwise;
}

// No ranges are translated: a bus on the way to the device would need them, and
// on QEMU's virt machine /soc maps one to one.
bool fdt_reg(int node, int index, paddr *start, uint64_t *size)
{
    int parent = fdt_parent_offset(blob, node);
    int address_cells = fdt_address_cells(blob, parent);
    int size_cells = fdt_size_cells(blob, parent);
    size_t n;
    const fdt32_t *reg = fdt_bytes(node, "reg", &n);
    if (!reg || address_cells < 1 || size_cells < 0)
        return false;
    size_t each = address_cells + size_cells;
    if ((index + 1) * each * sizeof(*reg) > n)
        return false;
    reg += index * each;
    *start = cells_value(reg, address_cells);
    *size = cells_value(reg + address_cells, size_cells);
    return true;
}

int fdt_interrupt(int node)
{
    size_t n;
    const fdt32_t *cells = fdt_bytes(node, "interrupts", &n);
    return n >= sizeof(*cells) ? fdt32_ld(cells) : 0;
}

bool fdt_interrupt_extended(int node, int index, int *controller,
                            uint32_t *number)
{
    size_t n;
    const fdt32_t *cells = fdt_bytes(node, "interrupts-extended", &n);
    if ((index + 1) * 2 * sizeof(*cells) > n)
        return false;
    *controller = fdt_find_phandle(fdt32_ld(&cells[2 * index]));
    *number = fdt32_ld(&cells[2 * index + 1]);
    return true;
}

// ---- memory ----

// Count *index down over the node's reg entries; true at the one that it
// reaches, so that several nodes can be walked as one list.
static bool reg_countdown(int node, int *index, paddr *start, uint64_t *size)
{
    for (int i = 0; fdt_reg(node, i, start, size); i++)
        if ((*index)-- == 0)
            return true;
    return false;
}

bool fdt_memory(int index, paddr *start, uint64_t *size)
{
    static const char type[] = "memory";
    int node = -1;
    for (;;) {
        node = fdt_node_offset_by_prop_value(blob, node, "device_type", type,
                                             sizeof(type));
        if (node < 0)
            return false;
        if (reg_countdown(node, &index, start, size))
            return true;
    }
}

bool fdt_reserved(int index, paddr *start, uint64_t *size)
{
    int in_blob = fdt_num_mem_rsv(blob);
    if (index < in_blob)
        return fdt_get_mem_rsv(blob, index, start, size) == 0;
    index -= in_blob;
    int node, parent = fdt_path_offset(blob, "/reserved-memory");
    fdt_for_each_subnode(node, blob, parent)
        if (reg_countdown(node, &index, start, size))
            return true;
    return false;
}

bool fdt_initrd(paddr *start, uint64_t *size)
{
    int chosen = fdt_find_path("/chosen");
    *start = fdt_number(chosen, "linux,initrd-start", 0);
    paddr end = fdt_number(chosen, "linux,initrd-end", 0);
    *size = end - *start;
    return *start != 0 && end > *start;
}

const char *fdt_bootargs(void)
{
    static const char *text;  // kept: exec asks each time
    if (!text)
        text = fdt_text(fdt_find_path("/chosen"), "bootargs");
    return text ? text : "";
}

size_t fdt_take_rng_seed(void *buf, size_t n)
{
    int chosen = fdt_find_path("/chosen");
    size_t length;
    const void *seed = fdt_bytes(chosen, "rng-seed", &length);
    if (!seed)
        return 0;
    n = MIN(n, length);
    memcpy(buf, seed, n);
    // Overwrites the data as well: nobody finds the seed in memory later.
    fdt_nop_property(blob, chosen, "rng-seed");
    return n;
}

// ---- harts ----

static bool is_hart(int node)
{
    const char *type = fdt_text(node, "device_type");
    const char *status = fdt_text(node, "status");
    return type && !strcmp(type, "cpu") && (!status || !strcmp(status, "okay"));
}

// The cpu node of hart `index`, or -1.
static int hart_node(int index)
{
    int node, cpus = fdt_path_offset(blob, "/cpus");
    fdt_for_each_subnode(node, blob, cpus)
        if (is_hart(node) && index-- == 0)
            return node;
    return -1;
}

bool fdt_hart(int index, uint64_t *hartid)
{
    uint64_t size;
    return fdt_reg(hart_node(index), 0, hartid, &size);
}

bool fdt_hart_of_controller(int controller, uint64_t *hartid)
{
    uint64_t size;
    int cpu = fdt_parent_offset(blob, controller);
    return cpu >= 0 && is_hart(cpu) && fdt_reg(cpu, 0, hartid, &size);
}

// Is the extension in an ISA string such as "rv64imafdc_zicsr_sstc"? Single
// letters stand together in the first word, the others are words of their own.
static bool isa_string_has(const char *isa, const char *extension)
{
    size_t n = strlen(extension);
    if (n == 1) {
        size_t letters = strcspn(isa, "_");
        return letters > 4 && memchr(isa + 4, *extension, letters - 4);
    }
    while ((isa = strchr(isa, '_'))) {
        isa++;
        if (!strncmp(isa, extension, n) && (isa[n] == '_' || isa[n] == '\0'))
            return true;
    }
    return false;
}

bool fdt_isa_has(const char *extension)
{
    int node;
    for (int i = 0; (node = hart_node(i)) >= 0; i++) {
        const char *isa = fdt_text(node, "riscv,isa");
        bool listed = fdt_stringlist_search(blob, node, "riscv,isa-extensions",
                                            extension) >= 0;
        if (!listed && !(isa && isa_string_has(isa, extension)))
            return false;
    }
    return true;
}
