package language

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// decodable is a type of the document that is more than a struct or a list.
// Its decode reports what is wrong to the decoder.
type decodable interface {
	decode(d *decoder, t *tree)
}

// decoder fills the types of document.go from a tree and collects what is
// wrong.
type decoder struct{ problems Problems }

// problemsKept bounds the problems that are recorded, and with them the time
// that a file full of nonsense takes.
const problemsKept = 100

// full reports whether no more problems are recorded.
func (d *decoder) full() bool { return len(d.problems) >= problemsKept }

// fail records a problem, once.
func (d *decoder) fail(where place, found, expected, hint string) {
	if d.full() {
		return
	}
	p := where.problem(found, expected, hint)
	same := func(other *Problem) bool { return *other == *p }
	if !slices.ContainsFunc(d.problems, same) {
		d.problems = append(d.problems, p)
	}
}

// into fills target, a pointer, from a tree.
func (d *decoder) into(t *tree, target any) {
	d.value(t, reflect.ValueOf(target).Elem())
}

func (d *decoder) value(t *tree, v reflect.Value) {
	if custom, ok := v.Addr().Interface().(decodable); ok {
		custom.decode(d, t)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(t, v.Elem())
	case reflect.Slice:
		d.slice(t, v)
	case reflect.Struct:
		d.structure(t, v)
	default:
		panic(fmt.Sprintf("language: a document type holds a %s", v.Type()))
	}
}

func (d *decoder) slice(t *tree, v reflect.Value) {
	if t.kind != kindSequence {
		d.fail(t.place, t.describe(), "a list", "write [a, b] or lines that start with `- `")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(t.items), len(t.items)))
	for i, item := range t.items {
		d.value(item, v.Index(i))
	}
}

// structure fills a struct by its fields' yaml tags; `required` in the
// jsonschema tag makes a field compulsory. A field of type place named Place
// gets the place of the mapping.
func (d *decoder) structure(t *tree, v reflect.Value) {
	if t.kind != kindMapping {
		d.fail(t.place, t.describe(), "a mapping with "+list(keysOf(v.Type())), "")
		return
	}
	for _, e := range t.entries {
		if d.full() {
			return
		}
		if field, ok := fieldByKey(v, e.key); ok {
			d.value(e.value, field)
			continue
		}
		known := keysOf(v.Type())
		d.fail(e.place, "the unknown key "+quote(e.key), "one of "+list(known), nearest(e.key, known))
	}
	for _, field := range reflect.VisibleFields(v.Type()) {
		key := keyOf(field)
		if key != "" && isRequired(field) && t.entry(key) == nil {
			d.fail(t.place, "no `"+key+"`", "the key "+quote(key), "")
		}
	}
	if field := v.FieldByName("Place"); field.IsValid() {
		field.Set(reflect.ValueOf(t.place))
	}
}

// keyOf returns the key of a field, "" if it has none.
func keyOf(field reflect.StructField) string {
	if key := field.Tag.Get("yaml"); key != "-" {
		return key
	}
	return ""
}

func isRequired(field reflect.StructField) bool {
	return slices.Contains(strings.Split(field.Tag.Get("jsonschema"), ","), "required")
}

// fieldByKey returns the field for a key, also of embedded structs.
func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	for _, field := range reflect.VisibleFields(v.Type()) {
		if keyOf(field) == key && key != "" {
			return v.FieldByIndex(field.Index), true
		}
	}
	return reflect.Value{}, false
}

// keysOf lists the keys of a document type, in their order.
func keysOf(t reflect.Type) []string {
	var keys []string
	for _, field := range reflect.VisibleFields(t) {
		if key := keyOf(field); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// keyed is one entry of a mapping whose keys are free.
type keyed[T any] struct {
	Key   string
	place place // of the key
	Value T
}

// mapping is a mapping whose keys are free, in the order of the source.
type mapping[T any] []keyed[T]

func (m *mapping[T]) decode(d *decoder, t *tree) {
	if t.kind != kindMapping {
		d.fail(t.place, t.describe(), "a mapping", "write `key: value` lines, or {key: value}")
		return
	}
	*m = make(mapping[T], len(t.entries))
	for i, e := range t.entries {
		(*m)[i].Key, (*m)[i].place = e.key, e.place
		d.into(e.value, &(*m)[i].Value)
	}
}

// several is one thing, or a list of them.
type several[T any] []T

func (s *several[T]) decode(d *decoder, t *tree) {
	items := []*tree{t}
	if t.kind == kindSequence {
		items = t.items
	}
	*s = make(several[T], len(items))
	for i, item := range items {
		d.into(item, &(*s)[i])
	}
}

// variant is one of the forms of a mapping, told by a key that only it has.
type variant struct {
	key  string
	make func() any // a pointer to the form's struct
}

// variantOf decodes a mapping into the first form whose key it has; nil if
// there is none.
func (d *decoder) variantOf(t *tree, forms []variant) any {
	keys := make([]string, len(forms))
	for i, form := range forms {
		keys[i] = form.key
		if t.kind == kindMapping && t.entry(form.key) != nil {
			target := form.make()
			d.into(t, target)
			return target
		}
	}
	hint := ""
	for _, e := range t.entries {
		if hint = nearest(e.key, keys); hint != "" {
			break
		}
	}
	found := t.describe()
	if t.kind == kindMapping {
		found += " without any of these"
	}
	d.fail(t.place, found, "one of the keys "+list(keys), hint)
	return nil
}
