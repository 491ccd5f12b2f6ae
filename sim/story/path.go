package story

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"quorumlab/protocols/hint"
)

// follow walks a path such as Leading.Learners[1].Acked or Writes[3].
func follow(v reflect.Value, path string) (reflect.Value, error) {
	for path != "" {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if !v.IsValid() {
			return v, fmt.Errorf("there is nothing that has %s", path)
		}
		var err error
		if key, rest, found := strings.Cut(strings.TrimPrefix(path, "["), "]"); found && path[0] == '[' {
			path = strings.TrimPrefix(rest, ".")
			v, err = element(v, key)
		} else {
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			name := path[:end]
			path = strings.TrimPrefix(path[end:], ".")
			v, err = field(v, name)
		}
		if err != nil {
			return v, err
		}
	}
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	return v, nil
}

func field(v reflect.Value, name string) (reflect.Value, error) {
	if v.Kind() != reflect.Struct {
		return v, fmt.Errorf("a %s has no field %s", v.Type(), name)
	}
	if f := v.FieldByName(name); f.IsValid() {
		return f, nil
	}
	var known []string
	for i := range v.NumField() {
		known = append(known, v.Type().Field(i).Name)
	}
	return v, fmt.Errorf("%s has no field %q: %s", v.Type(), name, hint.For(name, known))
}

// element returns the element of a list (from 0), or of a map by its key.
func element(v reflect.Value, key string) (reflect.Value, error) {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		if n, err := strconv.Atoi(key); err == nil && n >= 0 && n < v.Len() {
			return v.Index(n), nil
		}
		return v, fmt.Errorf("there is no element %s, there are %d", key, v.Len())
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if fmt.Sprint(entries.Key().Interface()) == key {
				return entries.Value(), nil
			}
		}
		return v, fmt.Errorf("there is no entry %s", key)
	}
	return v, fmt.Errorf("a %s has no elements", v.Type())
}
