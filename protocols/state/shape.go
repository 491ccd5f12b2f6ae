package state

import (
	"fmt"
	"reflect"
	"time"
)

// shape is what the codec knows of one Go type. It is made once per type, so
// that a walk over a value asks reflection for contents only, not for types.
// Values passed in are always of the shape's own type. Depth counts the
// slices, maps and interfaces around the value.
type shape interface {
	// flat reports that a plain assignment copies the value deeply.
	flat() bool
	// fixed reports that nothing in a value, as it stands, can change: it may be
	// shared. It is called only if the shape is not flat.
	fixed(v reflect.Value) bool
	// deepen turns dst, which was assigned from src, into a deep copy of it.
	// It is called only if the shape is not flat.
	deepen(dst, src reflect.Value, depth int)
	// appendCBOR appends the canonical bytes.
	appendCBOR(dst []byte, v reflect.Value, depth int) []byte
	// decodeCBOR reads canonical bytes into v, which can be set and is zero.
	decodeCBOR(d *decoder, v reflect.Value, depth int) error
	// sizeMin is the least number of canonical bytes, at least 1. It bounds
	// what a hostile length makes the decoder allocate.
	sizeMin() int
	// appendJSON appends the JSON view.
	appendJSON(dst []byte, v reflect.Value, depth int) []byte
	// empty reports that the view of a struct leaves the value out.
	empty(v reflect.Value) bool
}

var durationType = reflect.TypeFor[time.Duration]()

// stringer is fmt.Stringer; this package formats nothing else.
type stringer interface{ String() string }

var stringerType = reflect.TypeFor[stringer]()

// isStringer reports whether values of a scalar type are shown by their
// String method.
func isStringer(t reflect.Type) bool {
	return t != durationType && t.Implements(stringerType)
}

// shape returns the shape of a type that is a part of another one. Path leads
// to it from the registered type.
func (c *Codec) shape(t reflect.Type, path string) (shape, error) {
	if s := c.shapes[t]; s != nil {
		return s, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return c.keep(t, boolShape{}), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return c.keep(t, intShape{stringer: isStringer(t)}), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return c.keep(t, uintShape{stringer: isStringer(t)}), nil
	case reflect.String:
		return c.keep(t, stringShape{stringer: isStringer(t)}), nil
	case reflect.Slice:
		return c.sliceShape(t, path)
	case reflect.Array:
		return c.arrayShape(t, path)
	case reflect.Map:
		return c.mapShape(t, path)
	case reflect.Struct:
		return c.structShape(t, path)
	case reflect.Interface:
		return c.keep(t, &interfaceShape{typ: t, codec: c}), nil
	case reflect.Pointer:
		return nil, fmt.Errorf("state: %s: %s: a pointer may stand only at the top or in an interface",
			path, t)
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return nil, fmt.Errorf("state: %s: %s: floating point may differ between machines", path, t)
	default: // func, chan, uintptr, unsafe.Pointer
		return nil, fmt.Errorf("state: %s: %s is not plain data", path, t)
	}
}

// keep notes the shape of a type. Shapes of types that can contain themselves
// are kept before they are complete.
func (c *Codec) keep(t reflect.Type, s shape) shape {
	c.shapes[t] = s
	return s
}

// compileConcrete returns the shape of a type that stands at the top or behind
// an interface, where pointers to structs are allowed.
func (c *Codec) compileConcrete(t reflect.Type) (shape, error) {
	named := t
	if t.Kind() == reflect.Pointer {
		named = t.Elem()
		if t.Name() != "" || named.Kind() != reflect.Struct {
			return nil, fmt.Errorf("state: %s: only pointers to structs can be registered", t)
		}
	}
	if named.Kind() == reflect.Struct && named.Name() == "" {
		return nil, fmt.Errorf("state: %s: a struct needs a name to be registered", t)
	}
	s, err := c.shape(named, named.String())
	if err != nil || named == t {
		return s, err
	}
	return &pointerShape{elem: named, shape: s}, nil
}

// fullName returns a name that no other type of the program has, unless both
// are declared inside functions or are unnamed structs.
func fullName(t reflect.Type) string {
	if t.Name() != "" {
		if t.PkgPath() == "" {
			return t.Name()
		}
		return t.PkgPath() + "." + t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + fullName(t.Elem())
	case reflect.Slice:
		return "[]" + fullName(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), fullName(t.Elem()))
	case reflect.Map:
		return "map[" + fullName(t.Key()) + "]" + fullName(t.Elem())
	default:
		return t.String()
	}
}
