package linear

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file reads EDN (github.com/edn-format/edn), strictly and as a stream,
// with the place of every form: collections, strings, characters, keywords,
// symbols, numbers, comments, discards and tags. The one EDN library for Go has
// been without change since 2020, never had a release, and tells no places.

// formKind is what a form is.
type formKind string

const (
	nilForm     formKind = "nil"
	boolForm    formKind = "a boolean"
	intForm     formKind = "an integer"
	floatForm   formKind = "a float"
	stringForm  formKind = "a string"
	charForm    formKind = "a character"
	keywordForm formKind = "a keyword"
	symbolForm  formKind = "a symbol"
	vectorForm  formKind = "a vector" // and lists
	setForm     formKind = "a set"
	mapForm     formKind = "a map"
)

// form is one EDN value. Tags are dropped: what #jepsen.history.Op{…} holds is
// what {…} holds.
type form struct {
	kind         formKind
	text         string // of a scalar: canonical; of a keyword: without the colon
	items        []form // of a map: key, value, key, value
	line, column int
}

// nestingMax bounds the depth of collections.
const nestingMax = 64

// ednReader reads forms from a stream.
type ednReader struct {
	in           *bufio.Reader
	line, column int // of the next character
	size         int // bytes of the current event
	depth        int
	started      bool
	closer       rune // of the collection around all events, 0 if there is none
}

func newEDNReader(in *bufio.Reader) *ednReader { return &ednReader{in: in, line: 1, column: 1} }

func (e *ednReader) fault(line, column int, found, expected string) error {
	return &ReadError{Line: line, Column: column, Found: found, Expected: expected}
}

// get returns the next character, or io.EOF.
func (e *ednReader) get() (rune, error) {
	r, size, err := e.in.ReadRune()
	if err != nil {
		return 0, err
	}
	if r == utf8.RuneError && size == 1 {
		return 0, e.fault(e.line, e.column, "bytes that are not UTF-8", "text")
	}
	if e.size += size; e.size > sizeMax {
		return 0, e.fault(e.line, e.column, "an event of more than 1 MiB", "a shorter one")
	}
	if e.column++; r == '\n' {
		e.line, e.column = e.line+1, 1
	}
	return r, nil
}

// peek returns the next character without consuming it, or io.EOF.
func (e *ednReader) peek() (rune, error) {
	r, size, err := e.in.ReadRune()
	if err != nil {
		return 0, err
	}
	if err := e.in.UnreadRune(); err != nil {
		return 0, err
	}
	if r == utf8.RuneError && size == 1 {
		return 0, e.fault(e.line, e.column, "bytes that are not UTF-8", "text")
	}
	return r, nil
}

// next returns the next event: a form at the top, or one inside the vector or
// list that is the whole file. After the last it returns io.EOF.
func (e *ednReader) next() (form, error) {
	e.size = 0
	r, err := e.skip()
	if !e.started && err == nil && (r == '[' || r == '(') {
		e.closer = closerOf(r)
		_, _ = e.get()
		r, err = e.skip()
	}
	e.started = true
	switch {
	case errors.Is(err, io.EOF) && e.closer != 0:
		return form{}, e.cut("more events, or " + string(e.closer))
	case err != nil:
		return form{}, err
	case e.closer != 0 && r == e.closer:
		_, _ = e.get()
		e.closer = 0
		e.size = 0
		if r, err = e.skip(); err == nil {
			return form{}, e.fault(e.line, e.column, strconv.QuoteRune(r), "the end of the file")
		}
		return form{}, err
	}
	return e.read()
}

// cut is the error for a file that ends too early.
func (e *ednReader) cut(expected string) error {
	return e.fault(e.line, e.column, "the end of the file", expected+"; the file seems cut off")
}

func closerOf(opener rune) rune {
	switch opener {
	case '[':
		return ']'
	case '(':
		return ')'
	}
	return '}'
}

// skip consumes white space, comments and discarded forms, and peeks.
func (e *ednReader) skip() (rune, error) {
	for {
		r, err := e.peek()
		switch {
		case err != nil:
			return 0, err
		case r == ',' || unicode.IsSpace(r):
			_, err = e.get()
		case r == ';':
			for r != '\n' && err == nil {
				r, err = e.get()
			}
		case r == '#':
			ahead, _ := e.in.Peek(2)
			if string(ahead) != "#_" {
				return r, nil
			}
			_, _ = e.get()
			_, _ = e.get()
			_, err = e.read()
		default:
			return r, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// read reads one form.
func (e *ednReader) read() (form, error) {
	r, err := e.skip()
	if errors.Is(err, io.EOF) {
		return form{}, e.cut("a value")
	}
	if err != nil {
		return form{}, err
	}
	f := form{line: e.line, column: e.column}
	if e.depth++; e.depth > nestingMax {
		return f, e.fault(f.line, f.column, fmt.Sprintf("more than %d nested collections", nestingMax), "fewer")
	}
	defer func() { e.depth-- }()
	switch r {
	case '{':
		return e.mapping(f)
	case '[', '(':
		f.kind = vectorForm
		return e.collection(f, closerOf(r))
	case '"':
		return e.text(f)
	case '#':
		return e.dispatch(f)
	case ']', ')', '}':
		return f, e.fault(f.line, f.column, strconv.QuoteRune(r), "a value")
	}
	return e.atom(f)
}

// collection reads items up to the closer. The opener is still to come.
func (e *ednReader) collection(f form, closer rune) (form, error) {
	_, _ = e.get()
	for {
		r, err := e.skip()
		switch {
		case errors.Is(err, io.EOF):
			return f, e.cut(fmt.Sprintf("%c for the one opened in line %d, column %d", closer, f.line, f.column))
		case err != nil:
			return f, err
		case r == closer:
			_, err := e.get()
			return f, err
		}
		item, err := e.read()
		if err != nil {
			return f, err
		}
		f.items = append(f.items, item)
	}
}

func (e *ednReader) mapping(f form) (form, error) {
	f.kind = mapForm
	f, err := e.collection(f, '}')
	if err != nil {
		return f, err
	}
	if len(f.items)%2 != 0 {
		last := f.items[len(f.items)-1]
		return f, e.fault(last.line, last.column, "a key without a value", "pairs in a map")
	}
	seen := make(map[string]struct{}, len(f.items)/2)
	for i := 0; i < len(f.items); i += 2 {
		key := f.items[i].String()
		if _, twice := seen[key]; twice {
			return f, e.fault(f.items[i].line, f.items[i].column, "the key "+quote(key)+" again", "it once")
		}
		seen[key] = struct{}{}
	}
	return f, nil
}

// dispatch reads what begins with #: a set, or a tag and the form it is on.
func (e *ednReader) dispatch(f form) (form, error) {
	_, _ = e.get()
	r, err := e.peek()
	switch {
	case err == nil && r == '{':
		f.kind = setForm
		return e.collection(f, '}')
	case err == nil && unicode.IsLetter(r):
		if _, err := e.token(); err != nil {
			return f, err
		}
		tagged, err := e.read()
		tagged.line, tagged.column = f.line, f.column
		return tagged, err
	case err == nil || errors.Is(err, io.EOF):
		return f, e.fault(f.line, f.column, "#", "a tag like #jepsen.history.Op, or #{ or #_")
	}
	return f, err
}

// text reads a string.
func (e *ednReader) text(f form) (form, error) {
	f.kind = stringForm
	_, _ = e.get()
	var b strings.Builder
	for {
		r, err := e.get()
		if err == nil && r == '\\' {
			r, err = e.escape()
		} else if err == nil && r == '"' {
			f.text = b.String()
			return f, nil
		}
		if errors.Is(err, io.EOF) {
			return f, e.cut(fmt.Sprintf("the end of the string begun in line %d, column %d", f.line, f.column))
		}
		if err != nil {
			return f, err
		}
		b.WriteRune(r)
	}
}

// escape reads what follows a backslash in a string.
func (e *ednReader) escape() (rune, error) {
	line, column := e.line, e.column
	r, err := e.get()
	if err != nil {
		return 0, err
	}
	if i := strings.IndexRune(`tnrbf"\`, r); i >= 0 {
		return []rune("\t\n\r\b\f\"\\")[i], nil
	}
	var code rune
	for i := 0; r == 'u' && i < 4; i++ {
		digit, err := e.get()
		if err != nil {
			return 0, err
		}
		value, err := strconv.ParseUint(string(digit), 16, 8)
		if err != nil {
			return 0, e.fault(line, column, quote(string(digit)), "four hexadecimal digits after \\u")
		}
		code = code<<4 | rune(value)
	}
	if r != 'u' || !utf8.ValidRune(code) {
		return 0, e.fault(line, column, quote(`\`+string(r)), `an escape such as \n, \" or \u0041`)
	}
	return code, nil
}

// token reads up to the next delimiter.
func (e *ednReader) token() (string, error) {
	var b strings.Builder
	for {
		r, err := e.peek()
		delimits := err == nil && (unicode.IsSpace(r) || strings.ContainsRune(`,;"[](){}`, r))
		// The first character is the caller's, and \( is a character.
		if errors.Is(err, io.EOF) || delimits && b.Len() > 0 && b.String() != `\` {
			return b.String(), nil
		}
		if err == nil {
			_, err = e.get()
		}
		if err != nil {
			return "", err
		}
		b.WriteRune(r)
	}
}

// atom reads a scalar other than a string.
func (e *ednReader) atom(f form) (form, error) {
	token, err := e.token()
	if err != nil {
		return f, err
	}
	f.text = token
	first, _ := utf8.DecodeRuneInString(token)
	second, _ := utf8.DecodeRuneInString(strings.TrimLeft(token, "+-"))
	switch {
	case token == "nil":
		f.kind, f.text = nilForm, ""
	case token == "true" || token == "false":
		f.kind = boolForm
	case first == ':' && len(token) > 1:
		f.kind, f.text = keywordForm, token[1:]
	case first == '\\' && len(token) > 1:
		f.kind = charForm
	case second >= '0' && second <= '9':
		return e.number(f)
	case unicode.IsLetter(first) || strings.ContainsRune(".*+!-_?$%&=<>/", first):
		f.kind = symbolForm
	default:
		return f, e.fault(f.line, f.column, quote(token), "an EDN value")
	}
	return f, nil
}

// number makes equal numbers equal texts: 3 and 3N, 1.0 and 1.00.
func (e *ednReader) number(f form) (form, error) {
	sign, digits := "", strings.TrimPrefix(f.text, "+")
	if rest, negative := strings.CutPrefix(f.text, "-"); negative {
		sign, digits = "-", rest
	}
	if whole := strings.TrimSuffix(digits, "N"); strings.Trim(whole, "0123456789") == "" {
		f.kind = intForm
		if whole = strings.TrimLeft(whole, "0"); whole == "" {
			sign, whole = "", "0"
		}
		f.text = sign + whole
		return f, nil
	}
	value, err := strconv.ParseFloat(sign+strings.TrimSuffix(digits, "M"), 64)
	if err != nil || strings.Trim(digits, "+-0123456789.eEM") != "" {
		return f, e.fault(f.line, f.column, quote(f.text), "a number")
	}
	f.kind, f.text = floatForm, strconv.FormatFloat(value, 'e', -1, 64)
	return f, nil
}

// String renders a form so that different values have different texts.
func (f form) String() string {
	switch f.kind {
	case nilForm:
		return "nil"
	case stringForm:
		return strconv.Quote(f.text)
	case keywordForm:
		return ":" + f.text
	case symbolForm:
		return "'" + f.text
	case vectorForm, setForm, mapForm:
		parts := make([]string, len(f.items))
		for i := range f.items {
			parts[i] = f.items[i].String()
		}
		if f.kind == vectorForm {
			return "[" + strings.Join(parts, " ") + "]"
		}
		if f.kind == setForm {
			slices.Sort(parts)
			return "#{" + strings.Join(parts, " ") + "}"
		}
		return "{" + sortPairs(parts) + "}"
	}
	return f.text
}

// sortPairs joins keys and values in the order of the keys.
func sortPairs(parts []string) string {
	pairs := make([]string, 0, len(parts)/2)
	for i := 0; i+1 < len(parts); i += 2 {
		pairs = append(pairs, parts[i]+" "+parts[i+1])
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ", ")
}

// value is a form as a Value: nil is absent, and a string is its text unless
// that could be taken for the text of another form.
func (f form) value() Value {
	switch {
	case f.kind == nilForm:
		return Value{}
	case f.kind == stringForm && !ambiguous(f.text):
		return Some(f.text)
	}
	return Some(f.String())
}

// ambiguous reports that a text could begin the rendering of another form.
func ambiguous(text string) bool {
	return text == "true" || text == "false" || text != "" && strings.ContainsRune(`+-0123456789"':\[{#`, rune(text[0]))
}
