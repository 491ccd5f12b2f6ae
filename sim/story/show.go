package story

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// showMax is how long the text of a value may be.
const showMax = 160

// show shows a value of plain data, shortened if it is long: fields that are
// zero are left out, nodes and clients have their names.
func (p *player) show(v any) string {
	text := []rune(p.value(reflect.ValueOf(v), true))
	if len(text) > showMax {
		return string(text[:showMax]) + "…"
	}
	return string(text)
}

// kindOf returns the name of a message's type.
func kindOf(v any) string {
	t := reflect.TypeOf(v)
	if t == nil {
		return "nil"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// value shows a value; named tells whether a struct shows its type.
func (p *player) value(v reflect.Value, named bool) string {
	if !v.IsValid() {
		return "nil"
	}
	switch known := v.Interface().(type) {
	case protocols.NodeID:
		return p.name(known)
	case protocols.ClientID:
		if known >= 1 && int(known) <= len(p.sim.World.Clients) {
			return p.sim.World.Clients[known-1].Name
		}
		return fmt.Sprintf("client %d", known)
	case time.Duration:
		return known.String()
	case machine.Command:
		return commandWords(known)
	case machine.Transaction:
		var parts []string
		for _, c := range known.Commands {
			parts = append(parts, commandWords(c))
		}
		return strings.Join(parts, "; ")
	case protocols.Reconfigure:
		return "reconfigure " + strings.Trim(p.value(reflect.ValueOf(known.Members), false), "[]")
	case fmt.Stringer:
		if v.Kind() != reflect.Pointer || !v.IsNil() {
			return known.String()
		}
	}
	return p.composite(v, named)
}

func (p *player) composite(v reflect.Value, named bool) string {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return "nil"
		}
		return p.value(v.Elem(), true)
	case reflect.Struct:
		var fields []string
		for i := range v.NumField() {
			f, name := v.Field(i), v.Type().Field(i).Name
			if f.IsZero() {
				continue
			}
			if f.Kind() == reflect.Interface && f.Elem().Type().Name() == name && name != "Command" {
				fields = append(fields, p.value(f, true)) // Transaction: Transaction{…}
			} else {
				fields = append(fields, name+": "+p.value(f, false))
			}
		}
		text := "{" + strings.Join(fields, ", ") + "}"
		switch {
		case !named:
			return text
		case len(fields) == 0:
			return v.Type().Name()
		}
		return v.Type().Name() + text
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
			return fmt.Sprintf("%q", v.Bytes())
		}
		items := make([]string, 0, v.Len())
		for i := range v.Len() {
			items = append(items, p.value(v.Index(i), false))
		}
		return "[" + strings.Join(items, " ") + "]"
	case reflect.Map:
		var items []string
		for entries := v.MapRange(); entries.Next(); {
			items = append(items, p.value(entries.Key(), false)+": "+p.value(entries.Value(), false))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	case reflect.String:
		if text := v.String(); text == "" || strings.ContainsAny(text, " \t\n") {
			return fmt.Sprintf("%q", text)
		}
		return v.String()
	}
	return fmt.Sprint(v.Interface())
}
