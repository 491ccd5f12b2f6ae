package command

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// The collector of a node follows what is alive: much of it makes the percentage
// small, and little makes it large again.
func TestPaceOfTheCollector(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	ballast := make([]byte, 256<<20)
	runtime.GC()
	if percent := collectPercent(); percent != collectPercentLeast {
		t.Errorf("with %d MiB alive the percentage is %d", len(ballast)>>20, percent)
	}
	runtime.KeepAlive(ballast)
	ballast = nil
	runtime.GC()
	if percent := collectPercent(); percent <= collectPercentLeast || percent > collectPercentMost {
		t.Errorf("with little alive the percentage is %d", percent)
	}
	called := make(chan bool, 1)
	afterCollections(func() {
		select {
		case called <- true:
		default:
		}
	})
	<-called // at once
	for range 3 {
		runtime.GC()
		<-called
	}
}
