package explore

import (
	"runtime"
	"sync"
)

// Lock is a mutex for what takes about a microsecond: who waits for it stays
// awake for a while, for to be woken takes longer. Its zero value is open.
type Lock struct{ mutex sync.Mutex }

// Lock locks it.
func (l *Lock) Lock() {
	for range patience {
		if l.mutex.TryLock() {
			return
		}
		runtime.Gosched()
	}
	l.mutex.Lock()
}

// Unlock unlocks it.
func (l *Lock) Unlock() { l.mutex.Unlock() }
