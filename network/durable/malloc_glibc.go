//go:build cgo && linux

package durable

/*
#include <malloc.h>

static void settle(void) {
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
#endif
}
*/
import "C"

// SettleMalloc is to be called early by a process that has a store and little memory.
// The engine takes its tables from C: a few of 2 MiB each, now in this thread, now in
// that. glibc's malloc would keep every thread's apart for it, and what was freed of
// them for ever, in all several times what is in use. After this call, which holds
// for the whole process, threads share one pool, and large blocks go back when they
// are freed.
func SettleMalloc() { C.settle() }
