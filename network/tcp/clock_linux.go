package tcp

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootTime reads the clock of the machine that nobody can set, and that goes on
// while the machine sleeps (CLOCK_MONOTONIC, which Go reads, stands still then: a
// leader that slept would take an old lease for a valid one).
func bootTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic("tcp: the machine's clock cannot be read: " + err.Error())
	}
	return time.Duration(t.Nano())
}
