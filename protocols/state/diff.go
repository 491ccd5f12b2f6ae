package state

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
)

// Kind tells what happened to the place that a Change names.
type Kind byte

// The kinds of change.
const (
	Added   Kind = '+'
	Removed Kind = '-'
	Changed Kind = '~'
)

// String returns the sign of the kind.
func (k Kind) String() string { return string(rune(k)) }

// Change is one difference between two values.
type Change struct {
	// Path leads to the place, in Go's notation: Log[3].Zxid, Sessions[7],
	// Data["x"]. It is empty if the values differ as a whole.
	Path string
	Kind Kind
	// Before and After are JSON views, as Codec.AppendJSON gives them; Before
	// is "" for Added and After for Removed.
	Before, After string
}

// Diff returns what differs between two values of plain data, in the order of
// fields, indices and keys. It descends as far as both values have the same
// type, and names changed leaves only; an element that only one of them has is
// one change. Nil and empty slices and maps are the same. No type needs to be
// registered. It panics on what is not plain data.
func Diff(before, after any) []Change {
	var d differ
	d.walk(reflect.ValueOf(&before).Elem(), reflect.ValueOf(&after).Elem())
	return d.changes
}

type differ struct {
	changes []Change
	depth   int
	// path leads to where the walk is. It is told in words only where something
	// differs: most places are equal.
	path []place
	// codec shows leaves; nil until there is one.
	codec *Codec
	// uncomparable are types that Go's == cannot compare, though they look like it.
	uncomparable map[reflect.Type]bool
}

// place is one turn of a path: a field of a struct, an element of a list or one of
// a map.
type place struct {
	of    reflect.Type // the struct; nil: it is none
	index int          // of the field, or of the element
	key   reflect.Value
}

// words tells a path.
func (d *differ) words() string {
	var text []byte
	for _, p := range d.path {
		switch {
		case p.of != nil:
			if len(text) > 0 {
				text = append(text, '.')
			}
			text = append(text, p.of.Field(p.index).Name...)
		case p.key.IsValid():
			text = append(append(append(text, '['), d.keyText(p.key)...), ']')
		default:
			text = append(strconv.AppendInt(append(text, '['), int64(p.index), 10), ']')
		}
	}
	return string(text)
}

// walk compares two values of one type.
func (d *differ) walk(before, after reflect.Value) {
	switch before.Kind() {
	case reflect.Slice, reflect.Map, reflect.Interface:
		d.depth = deeper(d.depth)
		defer func() { d.depth-- }()
	}
	switch before.Kind() {
	case reflect.Struct:
		d.path = append(d.path, place{of: before.Type()})
		for i := range before.NumField() {
			d.path[len(d.path)-1].index = i
			d.walk(before.Field(i), after.Field(i))
		}
		d.path = d.path[:len(d.path)-1]
	case reflect.Slice:
		if before.Type().Elem() == byteType {
			if !bytes.Equal(before.Bytes(), after.Bytes()) {
				d.note(Changed, before, after)
			}
			return
		}
		d.list(before, after)
	case reflect.Array:
		d.list(before, after)
	case reflect.Map:
		d.mapping(before, after)
	case reflect.Interface, reflect.Pointer:
		d.indirect(before, after)
	default:
		if !before.Equal(after) {
			d.note(Changed, before, after)
		}
	}
}

// list compares slices or arrays index by index.
func (d *differ) list(before, after reflect.Value) {
	shared := min(before.Len(), after.Len())
	d.path = append(d.path, place{})
	for i := range max(before.Len(), after.Len()) {
		d.path[len(d.path)-1].index = i
		switch {
		case i < shared:
			d.walk(before.Index(i), after.Index(i))
		case i < before.Len():
			d.note(Removed, before.Index(i), reflect.Value{})
		default:
			d.note(Added, reflect.Value{}, after.Index(i))
		}
	}
	d.path = d.path[:len(d.path)-1]
}

// mapping compares maps key by key.
func (d *differ) mapping(before, after reflect.Value) {
	type ordered struct {
		key   reflect.Value
		order []byte
	}
	var keys []ordered
	for _, m := range []reflect.Value{before, after} {
		for _, key := range m.MapKeys() {
			keys = append(keys, ordered{key, appendOrder(nil, key)})
		}
	}
	slices.SortFunc(keys, func(a, b ordered) int { return bytes.Compare(a.order, b.order) })
	keys = slices.CompactFunc(keys, func(a, b ordered) bool { return bytes.Equal(a.order, b.order) })
	for _, k := range keys {
		was, is := before.MapIndex(k.key), after.MapIndex(k.key)
		d.path = append(d.path, place{key: k.key})
		switch {
		case !is.IsValid():
			d.note(Removed, was, is)
		case !was.IsValid():
			d.note(Added, was, is)
		default:
			d.walk(was, is)
		}
		d.path = d.path[:len(d.path)-1]
	}
}

// indirect compares what interfaces or pointers hold.
func (d *differ) indirect(before, after reflect.Value) {
	switch {
	case before.IsNil() && after.IsNil():
	case after.IsNil():
		d.note(Removed, before, reflect.Value{})
	case before.IsNil():
		d.note(Added, reflect.Value{}, after)
	case before.Elem().Type() != after.Elem().Type():
		d.note(Changed, before, after)
	case d.same(before, after):
	default:
		d.walk(before.Elem(), after.Elem())
	}
}

// same tells quickly that two interfaces hold the same. If it does not, they may yet:
// what has slices in it cannot be compared so.
func (d *differ) same(before, after reflect.Value) (same bool) {
	t := before.Elem().Type()
	if before.Kind() != reflect.Interface || !t.Comparable() || d.uncomparable[t] {
		return false
	}
	defer func() {
		if recover() != nil { // an interface in it holds a slice, or a map
			if d.uncomparable == nil {
				d.uncomparable = map[reflect.Type]bool{}
			}
			d.uncomparable[t] = true
			same = false
		}
	}()
	return before.Interface() == after.Interface()
}

// note adds a change; the value that is not there is the zero Value.
func (d *differ) note(kind Kind, before, after reflect.Value) {
	change := Change{Path: d.words(), Kind: kind, Before: d.text(before), After: d.text(after)}
	if kind == Changed && change.Before == change.After {
		change.Before, change.After = d.exactText(before), d.exactText(after)
	}
	d.changes = append(d.changes, change)
}

// text returns the JSON view of a value, or "" for none.
func (d *differ) text(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	return string(d.shape(v.Type()).appendJSON(nil, v, 1))
}

// exactText tells values apart that have the same view: an int from an int64,
// types of like-named packages, scalars whose String method does not tell
// them apart, strings that are not UTF-8.
func (d *differ) exactText(v reflect.Value) string {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
		return fullName(v.Type()) + "(" + d.text(v) + ")"
	}
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	default:
		return d.text(v)
	}
}

func (d *differ) keyText(key reflect.Value) string {
	return string(appendKeyText(nil, d.shape(key.Type()), key, false))
}

// shape returns the shape of a type, from a codec that takes every type of
// plain data.
func (d *differ) shape(t reflect.Type) shape {
	if d.codec == nil {
		d.codec = newCodec()
		d.codec.open = true
	}
	if t.Kind() == reflect.Pointer {
		return d.codec.of(t).shape
	}
	s, err := d.codec.shape(t, t.String())
	if err != nil {
		panic(&fault{err.Error()})
	}
	return s
}
