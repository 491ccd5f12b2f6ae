//go:build unix

package tui

import (
	"syscall"
	"time"
)

// processorTime returns how long this process has had a processor: how long it
// takes by the clock where nothing else runs, or longer, for it has several.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
