package cluster

import (
	"os/exec"
	"runtime"
	"syscall"
)

// timerSlack is by how much timers of a node may be late, in nanoseconds; the system's
// usual is 50 µs. The runtime of Go looks after threads in system calls every 20 µs as
// long as there are some, as a node's fsync is: that would be a seventh of its
// processor time.
const timerSlack = 1_000_000

// Of prctl(2).
const (
	setTimerSlack = 29
	getTimerSlack = 30
)

// start starts a node's process, which inherits the thread's timer slack.
func start(command *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if usual, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, getTimerSlack, 0, 0); errno == 0 {
		syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, timerSlack, 0)
		defer syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, usual, 0)
	}
	return command.Start()
}
