package language

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// kind is the kind of a tree's node.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber // a number as JSON writes it
	kindText
	kindSequence
	kindMapping
)

// tree is a YAML document without its tricks: no anchors, aliases, tags or
// merge keys, and every key a text that occurs once.
type tree struct {
	kind    kind
	text    string   // scalars: as written, without quotes
	items   []*tree  // kindSequence
	entries []*entry // kindMapping, in the order of the source
	place   place
}

// entry is one entry of a mapping.
type entry struct {
	key   string
	place place // of the key
	value *tree
}

// depthMax is how deep a document may be nested. The language needs 7 levels.
const depthMax = 32

// blockKeysMax bounds the keys outside of braces: the YAML parser's time grows
// with the square of their number in one mapping.
const blockKeysMax = 20_000

// entry returns the entry with a key, nil if there is none.
func (t *tree) entry(key string) *entry {
	for _, e := range t.entries {
		if e.key == key {
			return e
		}
	}
	return nil
}

// describe says what the node is, for "found …".
func (t *tree) describe() string {
	switch t.kind {
	case kindNull:
		return "nothing"
	case kindBool:
		return t.text
	case kindNumber:
		return "the number " + t.text
	case kindText:
		return "the text " + quote(t.text)
	case kindSequence:
		return "a list"
	default:
		return "a mapping"
	}
}

// parseTree reads one YAML document.
func parseTree(name, text string) (*tree, *Problem) {
	text = strings.TrimPrefix(text, "\ufeff")
	src := newSource(name, text)
	if p := checkCharacters(src); p != nil {
		return nil, p
	}
	tokens := lexer.Tokenize(text)
	if p := checkTokens(src, tokens); p != nil {
		return nil, p
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxProblem(src, err)
	}
	body, p := onlyDocument(src, file)
	if p != nil {
		return nil, p
	}
	b := builder{source: src}
	t := b.build(body)
	return t, b.problem
}

// checkCharacters refuses what is no text: invalid UTF-8 and control
// characters.
func checkCharacters(src *source) *Problem {
	for i, line := range src.lines {
		column := 0
		for at, r := range line {
			column++
			where := place{source: src, line: i + 1, column: column}
			if r == utf8.RuneError && !strings.HasPrefix(line[at:], string(utf8.RuneError)) {
				return where.problem(fmt.Sprintf("the byte %#02x", line[at]), "a text in UTF-8", "save the file as UTF-8")
			}
			if isControl(r) {
				return where.problem(fmt.Sprintf("the control character %U", r), "a text", "is this a YAML file?")
			}
		}
	}
	return nil
}

func isControl(r rune) bool {
	return (r < ' ' && r != '\t') || (r >= 0x7f && r < 0xa0)
}

// refused are the parts of YAML that a scenario does not need. Without
// aliases no document is bigger than its file.
func refused(t token.Type) (what, hint string) {
	switch t {
	case token.AnchorType, token.AliasType, token.MergeKeyType:
		return "an anchor, alias or merge key", "`runs` lay their sections over the top level; if it is a text, put it in quotes"
	case token.TagType:
		return "a tag", "if it is a text, put it in quotes"
	case token.DirectiveType:
		return "a YAML directive", "leave it out, or put a text that starts with % in quotes"
	case token.MappingKeyType:
		return "a complex key", "write `key: value`"
	}
	return "", ""
}

// checkTokens refuses what the language leaves out of YAML, and nesting so
// deep that the recursion of the YAML parser could exhaust the stack.
func checkTokens(src *source, tokens token.Tokens) *Problem {
	flow, blockKeys := 0, 0
	var columns []int // where the open block collections begin
	for _, t := range tokens {
		where := tokenPlace(src, t)
		if what, hint := refused(t.Type); what != "" {
			return where.problem(what, "plain YAML: keys, values and lists", hint)
		}
		column := 0
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(0, flow-1)
		case token.SequenceEntryType:
			column = where.column
		case token.MappingValueType:
			column = where.column
			if t.Prev != nil && t.Prev.Position.Line == t.Position.Line {
				column = t.Prev.Position.Column
			}
		}
		if column > 0 && flow == 0 {
			if t.Type == token.MappingValueType {
				blockKeys++
			}
			for len(columns) > 0 && columns[len(columns)-1] >= column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, column)
		}
		if blockKeys > blockKeysMax {
			return where.problem("more than "+strconv.Itoa(blockKeysMax)+" keys", "a scenario", "a generated scenario of this size is written in JSON")
		}
		if flow+len(columns) > depthMax {
			return where.problem("more than "+strconv.Itoa(depthMax)+" levels of nesting", "a scenario", "a scenario is nested about 7 levels deep")
		}
	}
	return nil
}

// tokenPlace is the place of a token, moved to where the source has text.
func tokenPlace(src *source, t *token.Token) place {
	p := place{source: src, line: 1, column: 1}
	if t != nil && t.Position != nil {
		p.line = min(max(t.Position.Line, 1), len(src.lines))
		p.column = max(t.Position.Column, 1)
	}
	return p
}

// syntaxProblem makes a Problem of an error of the YAML parser.
func syntaxProblem(src *source, err error) *Problem {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) {
		return place{source: src, line: 1, column: 1}.problem(err.Error(), "YAML", "")
	}
	where := tokenPlace(src, syntax.Token)
	hint := ""
	switch message := syntax.Message; {
	case strings.Contains(message, "tab") || strings.Contains(message, "'\t'"):
		hint = "indent with spaces, not with tabs"
	case strings.Contains(message, "header option"), strings.Contains(message, "reserved character"):
		hint = "put a value that starts with > | @ or ` in quotes"
	case strings.Contains(message, "not allowed in this context"), strings.Contains(message, "non-map value"):
		hint = "check the indentation; a text with `: ` in it needs quotes"
	case strings.Contains(message, "must be specified"), strings.Contains(message, "not found"):
		hint = "a bracket is not closed, or a comma is missing"
	}
	message := strings.ReplaceAll(syntax.Message, "\t", `\t`)
	return where.problem("broken YAML ("+message+")", "a YAML document", hint)
}

// onlyDocument returns the body of the one document of a file.
func onlyDocument(src *source, file *ast.File) (ast.Node, *Problem) {
	if len(file.Docs) > 1 {
		second := file.Docs[1]
		where := tokenPlace(src, second.Start)
		if second.Start == nil && second.Body != nil {
			where = tokenPlace(src, second.Body.GetToken())
		}
		return nil, where.problem("a second YAML document", "one scenario a file", "split the file at `---`; several runs of one scenario go under `runs`")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, place{source: src, line: 1, column: 1}.problem("nothing", "a scenario", "the smallest one has `name`, `protocol` and a `workload`")
	}
	return file.Docs[0].Body, nil
}

// builder turns the YAML library's nodes into a tree; problem is the first
// that it met.
type builder struct {
	source  *source
	problem *Problem
}

func (b *builder) fail(where place, found, expected, hint string) {
	if b.problem == nil {
		b.problem = where.problem(found, expected, hint)
	}
}

func (b *builder) build(n ast.Node) *tree {
	t := &tree{place: tokenPlace(b.source, n.GetToken())}
	switch n := n.(type) {
	case *ast.MappingNode:
		t.kind = kindMapping
		b.addEntries(t, n.Values)
		if len(t.entries) > 0 && !n.IsFlowStyle {
			t.place = t.entries[0].place
		}
	case *ast.MappingValueNode:
		t.kind = kindMapping
		b.addEntries(t, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		t.kind = kindSequence
		for _, value := range n.Values {
			t.items = append(t.items, b.build(value))
		}
	case *ast.LiteralNode:
		t.kind, t.text = kindText, n.Value.Value
	case *ast.StringNode:
		t.text = n.Value
		t.kind = kindText
		if n.Token.Type != token.SingleQuoteType && n.Token.Type != token.DoubleQuoteType {
			t.kind = classify(t.text)
		}
	case ast.ScalarNode:
		t.text = n.GetToken().Value
		t.kind = classify(t.text)
	default:
		b.fail(t.place, "an unusual YAML construct", "keys, values and lists", "")
	}
	b.checkText(t.place, t.text)
	return t
}

func (b *builder) addEntries(t *tree, values []*ast.MappingValueNode) {
	seen := make(map[string]bool, len(values))
	for _, n := range values {
		if n.Key == nil || n.Value == nil {
			b.fail(t.place, "a broken mapping", "`key: value`", "")
			return
		}
		token := n.Key.GetToken()
		e := &entry{key: token.Value, place: tokenPlace(b.source, token)}
		b.checkText(e.place, e.key)
		if seen[e.key] {
			b.fail(e.place, "the key "+quote(e.key)+" a second time", "every key once", "")
		}
		seen[e.key] = true
		e.value = b.build(n.Value)
		t.entries = append(t.entries, e)
	}
}

// checkText refuses what escapes such as "\0" can put into a text.
func (b *builder) checkText(where place, text string) {
	control := func(r rune) bool { return isControl(r) && r != '\n' }
	if !utf8.ValidString(text) || strings.IndexFunc(text, control) >= 0 {
		b.fail(where, "a text with control characters", "a text that can be shown", "")
	}
}

// classify tells what a scalar without quotes is.
func classify(text string) kind {
	switch {
	case slices.Contains([]string{"", "~", "null"}, text):
		return kindNull
	case text == "true" || text == "false":
		return kindBool
	case isNumber(text):
		return kindNumber
	}
	return kindText
}

// isNumber reports whether JSON would write a number so.
func isNumber(text string) bool {
	return strings.IndexByte("-0123456789", text[0]) >= 0 && strings.TrimSpace(text) == text && json.Valid([]byte(text))
}
