package statetest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"quorumlab/protocols/state"
)

// Check fails the test if the types of the zero values, registered with one
// codec, are not plain data, or if random values of them break a promise of
// package state.
func Check(t *testing.T, zeros ...any) {
	t.Helper()
	codec, err := state.NewCodec(zeros...)
	if err != nil {
		t.Fatal(err)
	}
	types := make([]reflect.Type, len(zeros))
	for i, zero := range zeros {
		types[i] = reflect.TypeOf(zero)
	}
	for _, root := range types {
		s := suite{codec: codec, root: root, types: types}
		t.Run(root.String(), func(t *testing.T) {
			t.Run("clone", rapid.MakeCheck(s.clone))
			t.Run("canonical", rapid.MakeCheck(s.canonical))
			t.Run("decode", rapid.MakeCheck(s.decode))
			t.Run("pieces", rapid.MakeCheck(s.pieces))
			t.Run("decode-garbage", rapid.MakeCheck(s.decodeGarbage))
			t.Run("diff", rapid.MakeCheck(s.diff))
			t.Run("json", rapid.MakeCheck(s.json))
		})
	}
}

// suite holds one property a method, for values of the type root.
type suite struct {
	codec *state.Codec
	root  reflect.Type
	types []reflect.Type
}

func (s suite) draw(t *rapid.T) any { return drawOf(t, s.root, s.types) }

// clone: a clone is deeply equal, nil for nil, and shares nothing.
func (s suite) clone(t *rapid.T) {
	v := s.draw(t)
	canonical := s.codec.Canonical(v)
	clone := s.codec.Clone(v)
	if !reflect.DeepEqual(v, clone) {
		t.Fatalf("clone differs:\n%#v\n%#v", v, clone)
	}
	walk(reflect.ValueOf(&clone).Elem(), overwrite)
	if !bytes.Equal(canonical, s.codec.Canonical(v)) {
		t.Fatalf("overwriting the clone changed the original, now %#v", v)
	}
}

// overwrite changes all that can be changed in place.
func overwrite(p place) {
	switch {
	case isLeaf(p.v):
		if p.v.Kind() == reflect.Slice && p.v.Len() > 0 {
			p.v.Bytes()[0] ^= 1
		}
		changeLeaf(p.v)
	case p.v.Kind() == reflect.Slice:
		for i := range p.v.Len() {
			p.v.Index(i).SetZero()
		}
	case p.v.Kind() == reflect.Map && !p.v.IsNil():
		p.v.Clear()
		p.v.SetMapIndex(reflect.Zero(p.v.Type().Key()), reflect.Zero(p.v.Type().Elem()))
	case p.v.Kind() == reflect.Pointer && !p.v.IsNil():
		p.v.Elem().SetZero()
	}
}

// canonical: bytes are equal, and differences empty, just where values are
// equal.
func (s suite) canonical(t *rapid.T) {
	a := s.draw(t)
	b := s.codec.Clone(a)
	switch rapid.IntRange(0, 2).Draw(t, "other") {
	case 0:
		b = s.draw(t)
	case 1:
		walk(reflect.ValueOf(&b).Elem(), swapNil)
	case 2:
		changeOne(t, &b)
	}
	equal := Equal(a, b)
	if got := bytes.Equal(s.codec.Canonical(a), s.codec.Canonical(b)); got != equal {
		t.Fatalf("values equal: %v, canonical bytes equal: %v\n%#v\n%#v", equal, got, a, b)
	}
	if changes := state.Diff(a, b); (len(changes) == 0) != equal {
		t.Fatalf("values equal: %v, differences %+v\n%#v\n%#v", equal, changes, a, b)
	}
}

// swapNil makes nil slices and maps empty, and empty ones nil.
func swapNil(p place) {
	switch {
	case p.v.Kind() != reflect.Slice && p.v.Kind() != reflect.Map:
	case p.v.Len() > 0:
	case !p.v.IsNil():
		p.v.SetZero()
	case p.v.Kind() == reflect.Slice:
		p.v.Set(reflect.MakeSlice(p.v.Type(), 0, 0))
	default:
		p.v.Set(reflect.MakeMap(p.v.Type()))
	}
}

// changeOne changes one leaf, and reports false if there is none.
func changeOne(t *rapid.T, v *any) (place, bool) {
	var count int
	walk(reflect.ValueOf(v).Elem(), func(p place) {
		if isLeaf(p.v) {
			count++
		}
	})
	if count == 0 {
		return place{}, false
	}
	chosen := rapid.IntRange(0, count-1).Draw(t, "leaf")
	var changed place
	walk(reflect.ValueOf(v).Elem(), func(p place) {
		if !isLeaf(p.v) {
			return
		}
		if chosen == 0 {
			changeLeaf(p.v)
			changed = p
		}
		chosen--
	})
	return changed, true
}

// decode: decoding gives an equal value with the same bytes.
func (s suite) decode(t *rapid.T) {
	v := s.draw(t)
	canonical := s.codec.Canonical(v)
	decoded, err := s.codec.Decode(canonical)
	if err != nil {
		t.Fatalf("%v\n%#v\n%x", err, v, canonical)
	}
	if !Equal(v, decoded) {
		t.Fatalf("decoded differs:\n%#v\n%#v", v, decoded)
	}
	if again := s.codec.Canonical(decoded); !bytes.Equal(canonical, again) {
		t.Fatalf("bytes differ after decoding:\n%x\n%x", canonical, again)
	}
}

// decodeGarbage: bytes changed, cut or extended are refused or canonical.
func (s suite) decodeGarbage(t *rapid.T) {
	b := s.codec.Canonical(s.draw(t))
	at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
	switch rapid.IntRange(0, 2).Draw(t, "damage") {
	case 0:
		b[at] = rapid.Byte().Draw(t, "byte")
	case 1:
		if _, err := s.codec.Decode(b[:at]); err == nil {
			t.Fatalf("accepted %x, which is cut", b[:at])
		}
	case 2:
		b = append(b, rapid.Byte().Draw(t, "byte"))
		if _, err := s.codec.Decode(b); err == nil {
			t.Fatalf("accepted %x, which is too long", b)
		}
	}
	decoded, err := s.codec.Decode(b)
	if err != nil {
		return
	}
	if again := s.codec.Canonical(decoded); !bytes.Equal(b, again) {
		t.Fatalf("accepted bytes that are not canonical:\n%x\n%x", b, again)
	}
}

// diff: the difference of one changed leaf is that leaf.
func (s suite) diff(t *rapid.T) {
	before := s.draw(t)
	after := s.codec.Clone(before)
	changed, ok := changeOne(t, &after)
	if !ok {
		return
	}
	changes := state.Diff(before, after)
	if len(changes) != 1 || changes[0].Kind != state.Changed {
		t.Fatalf("changed %s, got %+v", changed.path, changes)
	}
	if changed.exact && changes[0].Path != changed.path {
		t.Fatalf("changed %s, got %+v", changed.path, changes)
	}
	if changes[0].Before == changes[0].After {
		t.Fatalf("change shows no difference: %+v", changes[0])
	}
}

// json: the view parses, is appended, and does not depend on map order.
func (s suite) json(t *rapid.T) {
	v := s.draw(t)
	view := s.codec.AppendJSON([]byte("before"), v)
	text, ok := bytes.CutPrefix(view, []byte("before"))
	if !ok {
		t.Fatalf("overwrote what it should append to: %s", view)
	}
	var parsed any
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil || !bytes.Equal(compact.Bytes(), text) {
		t.Fatalf("view is not compact (%v): %s", err, text)
	}
	if again := s.codec.AppendJSON(nil, s.codec.Clone(v)); !bytes.Equal(text, again) {
		t.Fatalf("clone has another view:\n%s\n%s", text, again)
	}
}
