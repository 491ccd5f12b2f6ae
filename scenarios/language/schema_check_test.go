package language

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSchemaAccepts checks the library, and a scenario with every key, against
// the shipped schema.
func TestSchemaAccepts(t *testing.T) {
	documents := map[string]string{"smallest": smallest, "everything": everything}
	paths, err := filepath.Glob("../library/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no library: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		documents[path] = string(data)
	}
	for name, document := range documents {
		if wrong := checkSchema(t, document); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}

// TestSchemaRefuses checks that the schema is not one that accepts all.
func TestSchemaRefuses(t *testing.T) {
	for change, want := range map[string]string{
		"until: 5":                                     "until",
		"worklod: {}":                                  "worklod",
		"cluster: {nodes: x}":                          "nodes",
		"cluster: {clocks: {n1: {skew: 5}}}":           "skew",
		"clients: {}":                                  "clients",
		"links: {loss: 5}":                             "loss",
		"links: {kind: rope}":                          "kind",
		"liveness: {}":                                 "within",
		"swarm: {faults: [fire]}":                      "faults",
		"expect: {all: {linearizable: yes}}":           "linearizable",
		"expect: {all: {happens: [{note: 1}]}}":        "happens",
		"expect: {all: {happens: [{operation: eat}]}}": "happens",
		"runs: {a: {name: x}}":                         "name",
	} {
		if wrong := checkSchema(t, "name: x\nprotocol: zab\n"+change); !strings.Contains(wrong, want) {
			t.Errorf("%s: got %q", change, wrong)
		}
	}
	for _, entry := range []string{"{say: x}", "{at: 1s}", "{at: 1s, say: x, ask: y}", "{at: 1s, partition: {isolate: n1, bridge: n2}}", "{at: 1s, crash: n1, keep: some}"} {
		if checkSchema(t, "name: x\nprotocol: zab\ntimeline: ["+entry+"]") == "" {
			t.Errorf("%s is accepted", entry)
		}
	}
}

// checkSchema returns what the schema has against a document, "" if nothing.
func checkSchema(t *testing.T, document string) string {
	t.Helper()
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	root, problem := parseTree("x.yaml", document)
	if problem != nil {
		t.Fatal(problem)
	}
	var value any
	if err := json.Unmarshal([]byte(root.render()), &value); err != nil {
		t.Fatal(err)
	}
	v := validator{defs: schema["$defs"].(map[string]any)}
	return v.check(schema, value, "")
}

// validator validates with those keywords of JSON Schema that ours uses.
type validator struct{ defs map[string]any }

func (v validator) check(schema map[string]any, value any, path string) string {
	for keyword, argument := range schema {
		if wrong := v.keyword(schema, keyword, argument, value, path); wrong != "" {
			return wrong
		}
	}
	return ""
}

func (v validator) keyword(schema map[string]any, keyword string, argument, value any, path string) string {
	fails := fmt.Sprintf("%s: %v is against %s %v", path, value, keyword, argument)
	ok := true
	switch keyword {
	case "$ref":
		return v.check(v.defs[strings.TrimPrefix(argument.(string), "#/$defs/")].(map[string]any), value, path)
	case "anyOf", "oneOf":
		return v.alternatives(keyword == "oneOf", argument.([]any), value, path)
	case "type":
		ok = hasType(argument.(string), value)
	case "const":
		ok = value == argument
	case "enum":
		ok = false
		for _, choice := range argument.([]any) {
			ok = ok || choice == value
		}
	case "pattern":
		text, isText := value.(string)
		ok = !isText || regexp.MustCompile(argument.(string)).MatchString(text)
	case "minimum", "maximum":
		n, isNumber := value.(float64)
		ok = !isNumber || (keyword == "minimum") == (n >= argument.(float64)) || n == argument.(float64)
	case "minProperties", "maxProperties":
		m, isObject := value.(map[string]any)
		n := argument.(float64)
		ok = !isObject || float64(len(m)) == n || (keyword == "minProperties") == (float64(len(m)) > n)
	case "items":
		list, _ := value.([]any)
		for i, item := range list {
			if wrong := v.check(argument.(map[string]any), item, fmt.Sprintf("%s.%d", path, i)); wrong != "" {
				return wrong
			}
		}
	case "required":
		if m, isObject := value.(map[string]any); isObject {
			for _, key := range argument.([]any) {
				_, found := m[key.(string)]
				ok = ok && found
			}
		}
	case "properties", "additionalProperties":
		return v.properties(schema, value, path)
	case "$schema", "$defs", "title", "description":
	default:
		return "unknown keyword " + keyword
	}
	if !ok {
		return fails
	}
	return ""
}

func (v validator) alternatives(one bool, schemas []any, value any, path string) string {
	matching, reasons := 0, ""
	for _, schema := range schemas {
		wrong := v.check(schema.(map[string]any), value, path)
		if wrong == "" {
			matching++
		}
		reasons += "\n" + wrong
	}
	if matching == 0 || (one && matching > 1) {
		return fmt.Sprintf("%s: %v matches %d alternatives%s", path, value, matching, reasons)
	}
	return ""
}

func (v validator) properties(schema map[string]any, value any, path string) string {
	m, _ := value.(map[string]any)
	known, _ := schema["properties"].(map[string]any)
	for key, item := range m {
		rule, found := known[key]
		if !found {
			rule = schema["additionalProperties"]
		}
		if rule == false {
			return fmt.Sprintf("%s.%s is not known", path, key)
		}
		if rules, ok := rule.(map[string]any); ok {
			if wrong := v.check(rules, item, path+"."+key); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

func hasType(name string, value any) bool {
	switch value := value.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || (name == "integer" && value == float64(int64(value)))
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return name == "null"
}
