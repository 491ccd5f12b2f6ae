//go:build !unix

package tui

import "time"

var started = time.Now()

// processorTime is the clock's, where nobody tells more.
func processorTime() time.Duration { return time.Since(started) }
