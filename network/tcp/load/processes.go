package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of the kernel's account of a process (USER_HZ), on every
// machine that Go knows.
const clockTick = 10 * time.Millisecond

// Processor returns the processor time that a process has used so far, its own and
// the kernel's on its behalf; 0 if it is not known.
func Processor(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The second field is the program's name in parentheses, which may hold any.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const user, system = 11, 12 // fields 14 and 15 of all
	if len(fields) <= system {
		return 0
	}
	ticks := int64(0)
	for _, field := range [][]byte{fields[user], fields[system]} {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// Resident returns the resident memory of a process in bytes; 0 if it is not known.
func Resident(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(string(line), "VmRSS: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	return 0
}

// processor returns the sums of the service's processes and of this one.
func (r *run) processor() (service, own time.Duration) {
	for _, pid := range r.Processes {
		service += Processor(pid)
	}
	return service, Processor(os.Getpid())
}
