package statetest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// place is a part of a value that a walk has come to.
type place struct {
	path string
	// exact is unset where the path is not spelled as Diff spells it.
	exact bool
	v     reflect.Value // can be set
}

// walk calls visit for every part of the value in v, which is an interface
// that can be set, inner parts first. What visit changes comes back into v.
func walk(v reflect.Value, visit func(place)) {
	walkFrom(place{exact: true, v: v}, visit)
}

func walkFrom(p place, visit func(place)) {
	switch p.v.Kind() {
	case reflect.Struct:
		for i := range p.v.NumField() {
			name := p.v.Type().Field(i).Name
			if p.path != "" {
				name = p.path + "." + name
			}
			walkFrom(place{name, p.exact, p.v.Field(i)}, visit)
		}
	case reflect.Slice, reflect.Array:
		if !isLeaf(p.v) {
			for i := range p.v.Len() {
				inner := fmt.Sprintf("%s[%d]", p.path, i)
				walkFrom(place{inner, p.exact, p.v.Index(i)}, visit)
			}
		}
	case reflect.Map:
		for _, key := range keysOf(p.v) {
			text, exact := keyText(key)
			elem := copyOf(p.v.MapIndex(key))
			walkFrom(place{p.path + "[" + text + "]", p.exact && exact, elem}, visit)
			p.v.SetMapIndex(key, elem)
		}
	case reflect.Interface:
		if !p.v.IsNil() {
			held := copyOf(p.v.Elem())
			walkFrom(place{p.path, p.exact, held}, visit)
			p.v.Set(held)
		}
	case reflect.Pointer:
		if !p.v.IsNil() {
			walkFrom(place{p.path, p.exact, p.v.Elem()}, visit)
		}
	}
	visit(p)
}

func copyOf(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

// isLeaf reports whether Diff looks no further into the value.
func isLeaf(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Struct, reflect.Array, reflect.Map, reflect.Interface, reflect.Pointer:
		return false
	case reflect.Slice:
		return v.Type().Elem() == reflect.TypeFor[byte]()
	default:
		return true
	}
}

// changeLeaf gives a leaf another value.
func changeLeaf(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "!")
	case reflect.Slice:
		raw := slices.Clone(v.Bytes())
		v.SetBytes(append(raw, 7))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() ^ 1)
	default:
		v.SetUint(v.Uint() ^ 1)
	}
}

// keysOf returns the keys of a map in a fixed order.
func keysOf(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		return strings.Compare(fmt.Sprintf("%#v", a), fmt.Sprintf("%#v", b))
	})
	return keys
}

// keyText spells a map key as Diff does. It reports false where that needs
// escapes, which are not the business of this oracle.
func keyText(key reflect.Value) (text string, exact bool) {
	if key.Type() == reflect.TypeFor[time.Duration]() {
		return fmt.Sprint(key.Int()), true
	}
	if s, ok := key.Interface().(fmt.Stringer); ok && isLeaf(key) && key.Kind() != reflect.Bool {
		return quoted(s.String())
	}
	var parts []reflect.Value
	switch key.Kind() {
	case reflect.String:
		return quoted(key.String())
	case reflect.Struct:
		for i := range key.NumField() {
			parts = append(parts, key.Field(i))
		}
	case reflect.Array:
		for i := range key.Len() {
			parts = append(parts, key.Index(i))
		}
	default:
		return fmt.Sprint(key), true
	}
	texts := make([]string, len(parts))
	exact = true
	for i, part := range parts {
		inner, ok := keyText(part)
		if !isLeaf(part) {
			inner = "(" + inner + ")"
		}
		texts[i], exact = inner, exact && ok
	}
	return strings.Join(texts, ","), exact
}

func quoted(text string) (string, bool) {
	for _, r := range text {
		if r == '"' || r == '\\' || r == unicode.ReplacementChar || !strconv.IsPrint(r) {
			return strconv.Quote(text), false
		}
	}
	return `"` + text + `"`, true
}
