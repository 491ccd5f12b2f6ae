package command

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// This file bounds the memory of a node that serves: most of its heap is what it
// stores, which a percentage of it would double. So the collector is given a fixed
// room beside what is alive instead: a small heap is collected less often than with
// the default, and a large one does not grow by half before it is looked at.

const (
	// collectRoomBytes is how much is allocated between two collections, as long as
	// that is between the two percentages of what is alive.
	collectRoomBytes    = 10 << 20
	collectPercentLeast = 25
	collectPercentMost  = 400
)

// paceCollector has the collector keep to that room from now on. Whoever runs the
// program with GOGC knows better.
func paceCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	percent := 0
	afterCollections(func() {
		if wanted := collectPercent(); wanted != percent {
			percent = wanted
			debug.SetGCPercent(percent)
		}
	})
}

// collectPercent returns the percentage that stands for the room now.
func collectPercent() int {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/globals:bytes"}, {Name: "/gc/scan/stack:bytes"},
	}
	metrics.Read(samples)
	alive := uint64(1)
	for _, sample := range samples {
		if sample.Value.Kind() == metrics.KindUint64 {
			alive += sample.Value.Uint64()
		}
	}
	return int(min(max(collectRoomBytes*100/alive, collectPercentLeast), collectPercentMost))
}

// afterCollections calls a function now and soon after each collection.
func afterCollections(then func()) {
	type canary struct{ once *byte }
	var sing func(*canary)
	sing = func(c *canary) {
		then()
		runtime.SetFinalizer(c, sing)
	}
	sing(&canary{new(byte)})
}
