package statetest

import (
	"reflect"

	"pgregory.net/rapid"
)

// nestingMax is how many slices, maps and interfaces may be around a value
// until all further ones are empty.
const nestingMax = 4

// Draw returns a random value of one of the types, which are those that would
// be registered with a codec. Interfaces hold nil, or a value of any of the
// types that fits, or where any type fits a built-in one.
func Draw(t *rapid.T, types ...reflect.Type) any {
	return drawOf(t, rapid.SampledFrom(types).Draw(t, "type"), types)
}

// drawOf returns a random value of the type root.
func drawOf(t *rapid.T, root reflect.Type, types []reflect.Type) any {
	d := drawer{t: t, types: types}
	v := reflect.New(root).Elem()
	d.fill(v, 0)
	return v.Interface()
}

type drawer struct {
	t     *rapid.T
	types []reflect.Type
}

var builtins = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[[]byte](),
	reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[uint8](),
	reflect.TypeFor[uint64](),
}

// awkward strings: no UTF-8, escapes, a zero byte, and a prefix of one another.
var awkward = []string{"", "a", "ab", "a\x00", "\xff", "\"\\\n\x01", "é\u2028<\u65e5>"}

// fill sets v, which can be set, to a random value.
func (d *drawer) fill(v reflect.Value, nesting int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(d.t, "bool"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(d.t, "int")) // cut to size
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(d.t, "uint")) // cut to size
	case reflect.String:
		text := rapid.OneOf(rapid.SampledFrom(awkward), rapid.StringN(0, 30, -1))
		v.SetString(text.Draw(d.t, "string"))
	case reflect.Slice:
		if n := d.length(nesting); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		d.elements(v, nesting+1)
	case reflect.Array:
		d.elements(v, nesting)
	case reflect.Map:
		d.mapping(v, nesting)
	case reflect.Struct:
		for i := range v.NumField() {
			d.fill(v.Field(i), nesting)
		}
	case reflect.Pointer:
		if rapid.IntRange(0, 9).Draw(d.t, "nil pointer") > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			d.fill(v.Elem(), nesting)
		}
	case reflect.Interface:
		d.holder(v, nesting)
	default:
		d.t.Fatalf("%s is not plain data", v.Type())
	}
}

// length returns the length of a slice or map, -1 for nil.
func (d *drawer) length(nesting int) int {
	if nesting >= nestingMax {
		return rapid.IntRange(-1, 0).Draw(d.t, "length")
	}
	return rapid.IntRange(-1, 3).Draw(d.t, "length")
}

func (d *drawer) elements(v reflect.Value, nesting int) {
	for i := range v.Len() {
		d.fill(v.Index(i), nesting)
	}
}

func (d *drawer) mapping(v reflect.Value, nesting int) {
	n := d.length(nesting)
	if n < 0 {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range n {
		key := reflect.New(v.Type().Key()).Elem()
		elem := reflect.New(v.Type().Elem()).Elem()
		d.fill(key, nesting+1)
		d.fill(elem, nesting+1)
		v.SetMapIndex(key, elem)
	}
}

func (d *drawer) holder(v reflect.Value, nesting int) {
	if nesting >= nestingMax {
		return
	}
	var fitting []reflect.Type
	if v.NumMethod() == 0 {
		fitting = append(fitting, builtins...)
	}
	for _, typ := range d.types {
		if typ.AssignableTo(v.Type()) {
			fitting = append(fitting, typ)
		}
	}
	i := rapid.IntRange(-1, len(fitting)-1).Draw(d.t, "held")
	if i < 0 {
		return
	}
	held := reflect.New(fitting[i]).Elem()
	d.fill(held, nesting+1)
	v.Set(held)
}
