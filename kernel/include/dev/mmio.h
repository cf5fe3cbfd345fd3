// SPDX-License-Identifier: MIT
//
// Device registers, through the direct map. A read is over before what follows
// it begins, and what precedes a write is visible to the device first: the
// order that the RISC-V memory model does not give by itself.

#pragma once

#include <lib/types.h>

static inline uint32_t mmio_read32(uint64_t address)
{
    uint32_t value = *(volatile uint32_t *)address;
    asm volatile("fence i, iorw" ::: "memory");
    return value;
}

static inline void mmio_write32(uint64_t address, uint32_t value)
{
    asm volatile("fence iorw, o" ::: "memory");
    *(volatile uint32_t *)address = value;
}

static inline uint8_t mmio_read8(uint64_t address)
{
    uint8_t value = *(volatile uint8_t *)address;
    asm volatile("fence i, iorw" ::: "memory");
    return value;
}

static inline void mmio_write8(uint64_t address, uint8_t value)
{
    asm volatile("fence iorw, o" ::: "memory");
    *(volatile uint8_t *)address = value;
}

static inline uint16_t mmio_read16(uint64_t address)
{
    uint16_t value = *(volatile uint16_t *)address;
    asm volatile("fence i, iorw" ::: "memory");
    return value;
}
