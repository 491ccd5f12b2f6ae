package language

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
)

//go:generate go test . -run TestSchemaIsShipped -update

var update = flag.Bool("update", false, "rewrite the golden files and the shipped JSON Schema")

const schemaFile = "../scenario.schema.json"

// TestSchemaIsShipped checks that the shipped JSON Schema is the one that the
// types of the document give.
func TestSchemaIsShipped(t *testing.T) {
	encoded, err := json.MarshalIndent(newSchemaMaker(t).schema(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	encoded = append(encoded, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, encoded, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shipped, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(shipped, encoded) {
		t.Error("the shipped schema is out of date: go generate ./scenarios/language")
	}
}

// schemaMaker makes schemas of the document's types. Plain structs are left
// to the reflector, the rest is told here.
type schemaMaker struct {
	reflector *jsonschema.Reflector
	defs      jsonschema.Definitions
	whole     reflect.Type // the struct that is being reflected
}

func newSchemaMaker(t *testing.T) *schemaMaker {
	m := &schemaMaker{defs: jsonschema.Definitions{}}
	m.reflector = &jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, Anonymous: true, DoNotReference: true,
		LookupComment: fieldComments(t), Mapper: m.mapped,
	}
	return m
}

func (m *schemaMaker) schema() *jsonschema.Schema {
	root := m.structure(reflect.TypeFor[document]())
	root.Version, root.Title, root.Definitions = jsonschema.Version, "quorumlab scenario", m.defs
	return root
}

func (m *schemaMaker) structure(t reflect.Type) *jsonschema.Schema {
	before := m.whole
	m.whole = t
	s := m.reflector.ReflectFromType(t)
	m.whole = before
	s.Version = ""
	return s
}

// ref returns a reference to the definition of a struct.
func (m *schemaMaker) ref(t reflect.Type) *jsonschema.Schema {
	name := t.Name()
	if m.defs[name] == nil {
		m.defs[name] = &jsonschema.Schema{}
		*m.defs[name] = *m.structure(t)
	}
	return &jsonschema.Schema{Ref: "#/$defs/" + name}
}

// scalar returns a reference to the definition of a scalar, given a pointer to
// one.
func (m *schemaMaker) scalar(value any) *jsonschema.Schema {
	name := reflect.TypeOf(value).Elem().Name()
	m.defs[name] = scalarSchema(value)
	return &jsonschema.Schema{Ref: "#/$defs/" + name}
}

// mapped is the reflector's Mapper.
func (m *schemaMaker) mapped(t reflect.Type) *jsonschema.Schema {
	if t == m.whole {
		return nil
	}
	return m.of(t)
}

// of returns the schema of any type of the document.
func (m *schemaMaker) of(t reflect.Type) *jsonschema.Schema {
	generic, _, _ := strings.Cut(t.Name(), "[")
	switch generic {
	case "leaf":
		value, _ := t.FieldByName("Value")
		return m.scalar(reflect.New(value.Type).Interface())
	case "word":
		value, _ := t.FieldByName("Value")
		return enumerated(reflect.Zero(value.Type).Interface().(interface{ choices() []string }).choices())
	case "several":
		one := m.of(t.Elem())
		return anyOf(one, arrayOf(one))
	case "mapping":
		value, _ := t.Elem().FieldByName("Value")
		return &jsonschema.Schema{Type: "object", AdditionalProperties: m.of(value.Type)}
	}
	if s := m.union(t); s != nil {
		return s
	}
	if t.Kind() == reflect.Slice {
		return arrayOf(m.of(t.Elem()))
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return m.ref(t)
}

// union returns the schema of a type that is written in several ways.
func (m *schemaMaker) union(t reflect.Type) *jsonschema.Schema {
	time, integer := &jsonschema.Schema{Ref: "#/$defs/duration"}, &jsonschema.Schema{Ref: "#/$defs/whole"}
	switch reflect.Zero(t).Interface().(type) {
	case distribution:
		return anyOf(time, m.ref(reflect.TypeFor[distributionForm]()))
	case span:
		return anyOf(time, arrayOf(time))
	case rotForm:
		return anyOf(integer, enumerated(texts(RotMeta, RotSnapshot)))
	case nodesDocument:
		return anyOf(integer, arrayOf(m.scalar(new(name))))
	case keysDocument:
		return anyOf(integer, arrayOf(m.scalar(new(text))))
	case keepForm:
		return anyOf(integer, enumerated([]string{"all", "none", "random"}))
	case reorderDocument:
		return anyOf(m.scalar(new(share)), m.ref(reflect.TypeFor[reorderForm]()))
	case operationDocument:
		return m.forms(operationForms())
	case listStepDocument:
		return m.forms(listStepForms())
	case entryDocument:
		return m.forms(entryForms())
	case conditionDocument:
		return m.forms(conditionForms())
	case partitionForm:
		type partition partitionForm // named anew, so that it is no union
		one := uint64(1)
		long := m.ref(reflect.TypeFor[partition]())
		m.defs["partition"].MinProperties, m.defs["partition"].MaxProperties = &one, &one
		return anyOf(arrayOf(arrayOf(m.scalar(new(name)))), enumerated([]string{"ring"}), long)
	case availabilityDocument:
		bound := m.scalar(new(shareBound))
		return anyOf(bound, &jsonschema.Schema{Type: "object", AdditionalProperties: bound})
	case expectationDocument:
		s := m.ref(reflect.TypeFor[expectationForm]())
		m.defs["expectationForm"].AdditionalProperties = enumerated(Verdict("").choices())
		return s
	}
	return nil
}

func (m *schemaMaker) forms(forms []variant) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	for _, form := range forms {
		s.OneOf = append(s.OneOf, m.ref(reflect.TypeOf(form.make()).Elem()))
	}
	return s
}

func anyOf(schemas ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: schemas}
}

func arrayOf(item *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: item}
}

func enumerated(words []string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

// scalarSchema returns the schema of a scalar, given a pointer to one.
func scalarSchema(value any) *jsonschema.Schema {
	const time, fraction, relation = `([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h))+`, `[0-9]+(\.[0-9]+)?(%|ppm)`, `^((>=|<=|>|<|=) *)?`
	pattern := func(p string) *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Pattern: p} }
	zeroOr := func(p string) *jsonschema.Schema { return anyOf(pattern(p), &jsonschema.Schema{Const: 0}) }
	integer := &jsonschema.Schema{Type: "integer", Minimum: "0"}
	switch value.(type) {
	case *text:
		return anyOf(&jsonschema.Schema{Type: "string"}, &jsonschema.Schema{Type: "number"}, &jsonschema.Schema{Type: "boolean"})
	case *name:
		return pattern(namePattern.String())
	case *whole:
		return integer
	case *boolean:
		return &jsonschema.Schema{Type: "boolean"}
	case *duration:
		return zeroOr("^" + time + "$")
	case *jump:
		return zeroOr("^[+-]?" + time + "$")
	case *share:
		return zeroOr("^" + fraction + "$")
	case *drift:
		return zeroOr("^-?" + fraction + "$")
	case *decimal:
		return &jsonschema.Schema{Type: "number", Minimum: "0", Maximum: "10"}
	case *rate:
		return pattern(`^[0-9]+ */`)
	case *speed:
		return zeroOr(`^[0-9]+ *([kKMG]|Ki|Mi|Gi)?B/s$`)
	case *arrow:
		return pattern(`(->|→|↔)`)
	case *shareBound:
		return zeroOr(relation + "(0|" + fraction + ")$")
	case *durationBound:
		return zeroOr(relation + "(0|" + time + ")$")
	case *countBound:
		return anyOf(integer, pattern(relation+"[0-9]+$"))
	}
	panic("no schema for " + reflect.TypeOf(value).String())
}

// fieldComments reads the comments of the document types' fields.
func fieldComments(t *testing.T) func(reflect.Type, string) string {
	comments := map[string]string{}
	for _, file := range []string{"document.go", "document_timeline.go", "document_expect.go", "delays.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if fields, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range fields.Fields.List {
					for _, name := range field.Names {
						comments[name.Name+" of "+spec.Name.Name] = strings.TrimSpace(field.Doc.Text())
					}
				}
			}
			return false
		})
	}
	return func(typ reflect.Type, field string) string {
		owner := typ.Name()
		if owner == "partition" {
			owner = "partitionForm"
		}
		return comments[field+" of "+owner]
	}
}
