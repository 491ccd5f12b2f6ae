package door

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// endless is a reader that gives zeros, and then what it waits for.
type endless struct {
	left int
	then chan error
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		if e.then == nil {
			return 0, io.EOF
		}
		return 0, <-e.then
	}
	n := min(len(p), e.left)
	e.left -= n
	return n, nil
}

// The bodies that are read at once, and those that wait for an answer, have no more
// bytes together than the budget says, and all of them are read in the end.
func TestBodiesWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, most = 1 << 20, 4 << 20
		b := newBudget(most)
		highest, done := 0, make(chan error)
		look := func() {
			b.mu.Lock()
			highest = max(highest, b.coming+b.whole)
			b.mu.Unlock()
		}
		for range 30 {
			go func() {
				c := b.begin(&endless{left: size}, func() {})
				defer c.end()
				buffer := make([]byte, 32<<10)
				for {
					if _, err := c.Read(buffer); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						done <- err
						return
					}
					look()
					<-time.After(time.Millisecond)
				}
				c.arrived()
				look()
				<-time.After(100 * time.Millisecond)
				done <- nil
			}()
		}
		for range 30 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait() // until the last of them has ended its body
		if highest > 2*most || highest < most/2 {
			t.Errorf("up to %d bytes were there, at most %d may be", highest, 2*most)
		}
		if b.coming != 0 || b.whole != 0 || b.bodies.Len() != 0 {
			t.Errorf("%d and %d bytes are left of %d bodies", b.coming, b.whole, b.bodies.Len())
		}
	})
}

// Small bodies never wait, and a large one that comes slowly is cut off when it is in
// the way of others.
func TestSlowBodyGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(1 << 20)
		stuck := &endless{left: 1<<20 + bodyFree, then: make(chan error)}
		cut := false
		slow := b.begin(stuck, func() {
			cut = true
			stuck.then <- errors.New("deadline")
		})
		went := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, slow)
			slow.end()
			went <- err
		}()
		synctest.Wait()
		if _, err := io.Copy(io.Discard, b.begin(bytes.NewReader(make([]byte, bodyFree)), nil)); err != nil {
			t.Errorf("a small body: %v", err)
		}
		begin := time.Now()
		other := b.begin(&endless{left: 1 << 20}, nil)
		if _, err := io.Copy(io.Discard, other); err != nil {
			t.Errorf("another large one: %v", err)
		}
		other.end()
		var fault *Fault
		if err := <-went; !cut || !errors.As(err, &fault) || fault.Kind != "busy" || fault.Done != "no" {
			t.Errorf("the slow one ended with %v, cut off: %v", err, cut)
		}
		if took := time.Since(begin); took < bodySlow/2 || took > 2*bodySlow {
			t.Errorf("the other one waited for %v", took)
		}
	})
}

// Whoever waits for too long for answers to come gives up.
func TestBodyThatFindsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(1 << 20)
		whole := b.begin(&endless{left: 2 << 20}, nil)
		if _, err := io.Copy(io.Discard, whole); err != nil {
			t.Fatalf("one alone: %v", err)
		}
		whole.arrived()
		var fault *Fault
		late := b.begin(&endless{left: 1 << 20}, nil)
		if _, err := io.Copy(io.Discard, late); !errors.As(err, &fault) || fault.Kind != "busy" {
			t.Errorf("%v", err)
		}
		late.end()
		if paid := b.rent(1); paid != nil {
			t.Error("there was room for an answer")
		}
		whole.end()
		if paid := b.rent(5 << 20); paid == nil {
			t.Error("there was no room for one answer alone")
		}
	})
}
