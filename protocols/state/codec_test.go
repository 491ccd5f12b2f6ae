package state_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"quorumlab/protocols/state"
)

type withFunc struct{ Inner []struct{ Call func() } }

type withChannel struct{ Done chan int }

type hidden struct{ Inner struct{ secret int } }

type withPointer struct{ Next *withPointer }

type withPointers struct{ Nodes map[string][]*node }

type withFloat struct{ Load [2]float64 }

type withAddress struct{ Raw unsafe.Pointer }

type withAnyKey struct{ Seen map[any]int }

type withFloatKey struct {
	Seen map[struct{ Load float32 }]int
}

type withNames struct {
	ID int
	Id int // shows as ID does
}

type withTime struct{ At time.Time }

func TestNewCodecNamesWhatIsNotPlainData(t *testing.T) {
	for _, test := range []struct {
		zero any
		want string
	}{
		{withFunc{}, "state_test.withFunc.Inner[].Call: func() is not plain data"},
		{withChannel{}, "state_test.withChannel.Done: chan int is not plain data"},
		{hidden{}, "state_test.hidden.Inner.secret is not exported"},
		{withPointer{}, "state_test.withPointer.Next: *state_test.withPointer: a pointer may"},
		{withPointers{}, "state_test.withPointers.Nodes[][]: *state_test.node: a pointer may"},
		{withFloat{}, "state_test.withFloat.Load[]: float64: floating point may"},
		{withAddress{}, "state_test.withAddress.Raw: unsafe.Pointer is not plain data"},
		{withAnyKey{}, "state_test.withAnyKey.Seen: interface {} cannot be"},
		{withFloatKey{}, "state_test.withFloatKey.Seen[key].Load: float32 cannot be"},
		{withNames{}, `state_test.withNames.Id and state_test.withNames.ID would both show as "id"`},
		{(*withTime)(nil), "state_test.withTime.At.wall is not exported"},
		{new(int), "*int: only pointers to structs"},
		{new(*node), "**state_test.node: only pointers to structs"},
		{struct{ A int }{}, "a struct needs a name"},
		{uintptr(0), "uintptr is not plain data"},
		{nil, "type 2 to register is nil"},
	} {
		_, err := state.NewCodec(put{}, test.zero)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("NewCodec(%T): error %v, want %q", test.zero, err, test.want)
		}
	}
}

func TestNewCodecRefusesTagCollision(t *testing.T) {
	// The full names of these two types have the same hash (found by search).
	one := reflect.New(reflect.ArrayOf(620098, reflect.TypeFor[bool]())).Elem().Interface()
	two := reflect.New(reflect.ArrayOf(808216, reflect.TypeFor[bool]())).Elem().Interface()
	_, err := state.NewCodec(one, two)
	const want = "state: types [620098]bool and [808216]bool have the same tag"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestNewCodecTakesTypesTwiceAndInAnyOrder(t *testing.T) {
	one, err := state.NewCodec(put{}, (*remove)(nil), put{}, remove{}, role(0))
	if err != nil {
		t.Fatal(err)
	}
	two, err := state.NewCodec(role(0), remove{}, (*remove)(nil), put{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{put{Key: "k"}, &remove{Key: "k"}, remove{Key: "k"}, role(1)} {
		if a, b := one.Canonical(v), two.Canonical(v); string(a) != string(b) {
			t.Errorf("%#v: bytes depend on the order of registration: %x, %x", v, a, b)
		}
	}
}

func TestUnregisteredTypeIsNamed(t *testing.T) {
	codec, err := state.NewCodec(labelled{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "state: type quorumlab/protocols/state_test.put is not registered with the codec"
	v := labelled{Inner: put{}}
	dst, err := codec.AppendCanonical([]byte("kept"), v)
	if err == nil || err.Error() != want || string(dst) != "kept" {
		t.Errorf("AppendCanonical: %q, %v, want the error %q", dst, err, want)
	}
	for name, call := range map[string]func(){
		"Canonical":  func() { codec.Canonical(v) },
		"Clone":      func() { codec.Clone(v) },
		"AppendJSON": func() { codec.AppendJSON(nil, v) },
	} {
		if got := panicOf(call); got != want {
			t.Errorf("%s panics with %q, want %q", name, got, want)
		}
	}
}

func TestCycleIsAnError(t *testing.T) {
	codec, err := state.NewCodec([]any(nil))
	if err != nil {
		t.Fatal(err)
	}
	cycle := []any{nil}
	cycle[0] = cycle
	if _, err := codec.AppendCanonical(nil, cycle); err == nil {
		t.Error("AppendCanonical took a cycle")
	}
	const want = "state: nested more than 1000 deep, perhaps a cycle"
	for name, call := range map[string]func(){
		"Clone":      func() { codec.Clone(cycle) },
		"AppendJSON": func() { codec.AppendJSON(nil, cycle) },
		"Diff":       func() { state.Diff(cycle, cycle) },
	} {
		if got := panicOf(call); got != want {
			t.Errorf("%s panics with %q, want %q", name, got, want)
		}
	}
}

// panicOf returns the text of the error that call panics with, "" for none.
func panicOf(call func()) (text string) {
	defer func() {
		if err, ok := recover().(error); ok {
			text = err.Error()
		}
	}()
	call()
	return ""
}

func TestCloneDoesNotShareSpareCapacity(t *testing.T) {
	codec := newCodec(t)
	backing := []any{"first", "second"}
	original := &node{Log: backing[:0]}
	clone := codec.Clone(original).(*node)
	if clone.Log == nil {
		t.Error("empty became nil")
	}
	clone.Log = append(clone.Log, "overwritten")
	if backing[0] != "first" {
		t.Error("appending to the clone wrote to the original's array")
	}
}

func TestNilIsAValue(t *testing.T) {
	codec := newCodec(t)
	if clone := codec.Clone(nil); clone != nil {
		t.Errorf("clone of nil is %v", clone)
	}
	if v, err := codec.Decode(codec.Canonical(nil)); v != nil || err != nil {
		t.Errorf("nil came back as %v, %v", v, err)
	}
	if view := codec.AppendJSON(nil, nil); string(view) != "null" {
		t.Errorf("nil shows as %s", view)
	}
	if changes := state.Diff(nil, nil); len(changes) != 0 {
		t.Errorf("nil differs from nil: %+v", changes)
	}
	absent := labelled{Inner: (*node)(nil)}
	if clone := codec.Clone(absent); !reflect.DeepEqual(clone, absent) {
		t.Errorf("clone of a nil node behind an interface is %#v", clone)
	}
}

// Run with -race this shows that a codec may be shared.
func TestCodecIsSharedByGoroutines(t *testing.T) {
	codec, n := newCodec(t), benchNode()
	canonical, view := codec.Canonical(n), codec.AppendJSON(nil, n)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 20 {
				clone := codec.Clone(n)
				decoded, err := codec.Decode(codec.Canonical(clone))
				if err != nil || string(codec.Canonical(decoded)) != string(canonical) {
					t.Errorf("bytes differ, %v", err)
				}
				if string(codec.AppendJSON(nil, clone)) != string(view) {
					t.Error("views differ")
				}
			}
		})
	}
	group.Wait()
}
