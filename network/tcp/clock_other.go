//go:build !linux

package tcp

import "time"

// bootTime reads the process's monotonic clock. On some systems it stands still
// while the machine sleeps.
func bootTime() time.Duration { return time.Since(processStart) }

var processStart = time.Now()
