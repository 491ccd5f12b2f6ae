package language

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumlab/network"
)

// leaf is a scalar of the document with its place; where the document does
// not contain it, place is zero.
type leaf[T any] struct {
	Value T
	place place
}

// given reports whether the document contains the leaf.
func (l leaf[T]) given() bool { return l.place.known() }

// or returns the value, or a default where the document has none.
func (l leaf[T]) or(fallback T) T {
	if l.given() {
		return l.Value
	}
	return fallback
}

// The scalars of the language.
type (
	text     string // any scalar, as written
	name     string // of a node, client, key, …
	whole    int64  // a whole number from 0 on
	boolean  bool
	duration time.Duration // from 0 on
	jump     time.Duration // a duration with a sign
	share    int64         // parts per million: 0% to 100%
	drift    int64         // parts per million, with a sign
	decimal  int64         // thousandths
	rate     time.Duration // the time between two of what is so frequent
	speed    int64         // bytes a second, 0 for no limit
)

// durationMax bounds every time of a scenario, so that no sum overflows.
const durationMax = 24 * time.Hour

// scalar is what the document knows about one type of leaf.
type scalar interface {
	// read sets the value from a scalar; false: it is none of the type.
	read(t *tree) bool
	// expects says what the type looks like.
	expects() string
}

func (v *text) read(t *tree) bool { *v = text(t.text); return t.kind != kindNull }
func (v *text) expects() string   { return "a text" }

var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,39}$`)

func (v *name) read(t *tree) bool {
	*v = name(t.text)
	return t.kind == kindText && namePattern.MatchString(t.text)
}
func (v *name) expects() string { return "a name (letters, digits, - and _, a letter first)" }

func (v *whole) read(t *tree) bool {
	n, err := strconv.ParseInt(t.text, 10, 32)
	*v = whole(n)
	return err == nil && n >= 0 && t.kind == kindNumber
}
func (v *whole) expects() string { return "a whole number" }

func (v *boolean) read(t *tree) bool { *v = t.text == "true"; return t.kind == kindBool }
func (v *boolean) expects() string   { return "true or false" }

func (v *jump) read(t *tree) bool {
	d, ok := parseDuration(t)
	*v = jump(d)
	return ok
}
func (v *jump) expects() string { return "a duration such as 3s or -200ms, up to 24h" }

func (v *duration) read(t *tree) bool {
	d, ok := parseDuration(t)
	*v = duration(d)
	return ok && d >= 0
}
func (v *duration) expects() string { return "a duration such as 5ms, 2s or 1m30s, from 0 to 24h" }

// parseDuration reads a duration with a unit; 0 needs none.
func parseDuration(t *tree) (time.Duration, bool) {
	if t.kind != kindText && t.text != "0" {
		return 0, false
	}
	d, err := time.ParseDuration(t.text)
	return d, err == nil && d >= -durationMax && d <= durationMax
}

func (v *share) read(t *tree) bool {
	n, ok := parseMillionths(t.text)
	*v = share(n)
	return ok && n >= 0 && n <= Whole
}
func (v *share) expects() string { return "a share from 0% to 100%" }

// driftMax bounds how wrong a clock may run.
const driftMax = Whole / 2

func (v *drift) read(t *tree) bool {
	n, ok := parseMillionths(t.text)
	*v = drift(n)
	return ok && n >= -driftMax && n <= driftMax
}
func (v *drift) expects() string { return "a drift such as 100ppm, -0.5% or 0, up to 50%" }

func (v *decimal) read(t *tree) bool {
	n, ok := parseDecimal(t.text, 1000)
	*v = decimal(n)
	return ok && n >= 0 && n <= network.SigmaMax
}
func (v *decimal) expects() string { return "a number from 0 to 10 with at most 3 decimals" }

// parseMillionths reads a percentage, parts per million, or 0.
func parseMillionths(text string) (int64, bool) {
	if text == "0" {
		return 0, true
	}
	if number, ok := strings.CutSuffix(text, "%"); ok {
		return parseDecimal(number, Whole/100)
	}
	if number, ok := strings.CutSuffix(text, "ppm"); ok {
		return parseDecimal(number, 1)
	}
	return 0, false
}

// parseDecimal reads a decimal fraction times unit (a power of ten), exactly:
// digits that unit cannot hold are an error, and so is more than a million.
func parseDecimal(text string, unit int64) (int64, bool) {
	text = strings.TrimSpace(text)
	digits, negative := strings.CutPrefix(text, "-")
	before, after, _ := strings.Cut(digits, ".")
	n, err := strconv.ParseUint(before, 10, 20)
	if err != nil {
		return 0, false
	}
	value := int64(n) * unit
	for _, digit := range after {
		if digit < '0' || digit > '9' || unit == 1 {
			return 0, false
		}
		unit /= 10
		value += int64(digit-'0') * unit
	}
	if negative {
		value = -value
	}
	return value, !strings.HasSuffix(digits, ".")
}

func (v *rate) read(t *tree) bool {
	count, per, ok := strings.Cut(t.text, "/")
	n, err := strconv.ParseUint(strings.TrimSpace(count), 10, 20)
	if !ok || err != nil || n == 0 {
		return false
	}
	if !strings.ContainsAny(per, "0123456789") {
		per = "1" + strings.TrimSpace(per)
	}
	unit, err := time.ParseDuration(strings.TrimSpace(per))
	*v = rate(unit / time.Duration(n))
	return err == nil && unit <= durationMax && time.Duration(*v) >= time.Microsecond
}
func (v *rate) expects() string { return "a rate such as 20/s or 5/m, at most 1000/ms" }

func (v *speed) read(t *tree) bool {
	if *v = 0; t.text == "0" {
		return true
	}
	number, ok := strings.CutSuffix(t.text, "/s")
	units := []struct {
		name  string
		bytes int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}
	for _, unit := range units {
		count, found := strings.CutSuffix(number, unit.name)
		if !found {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
		if err != nil || n < 1 || n > math.MaxInt64/unit.bytes {
			return false
		}
		*v = speed(n * unit.bytes)
		return ok
	}
	return false
}

func (v *speed) expects() string { return "a bandwidth such as 10MB/s or 512KiB/s, or 0 for no limit" }

// choice is a scalar that is one of a few words.
type choice interface {
	~string
	choices() []string
}

func (p Phase) choices() []string {
	return texts(BeforeFaults, DuringFaults, AfterFaults, DuringPartition, DuringCrash, DuringPause)
}
func (v Verdict) choices() []string { return texts(Holds, Violated, Any) }
func (o Outcome) choices() []string { return texts(OutcomeOK, OutcomeFail, OutcomeInfo) }
func (o OperationKind) choices() []string {
	return append(OperationKinds(), string(AnyOperation))
}
func (k FaultKind) choices() []string { return texts(FaultKinds()...) }

// linkKind is protocols.LinkKind, with its words.
type linkKind string

func (k linkKind) choices() []string { return []string{"datagram", "stream"} }

// moment says when a crash `on-fsync` strikes.
type moment string

func (m moment) choices() []string { return []string{"before", "after"} }

func texts[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// word is a leaf that is one of a few words.
type word[T choice] struct {
	Value T
	place place
}

func (w word[T]) given() bool { return w.place.known() }

// decode implements decodable.
func (w *word[T]) decode(d *decoder, t *tree) {
	var zero T
	known := zero.choices()
	if t.kind != kindText || !slices.Contains(known, t.text) {
		d.fail(t.place, t.describe(), "one of "+list(known), nearest(t.text, known))
		return
	}
	w.Value, w.place = T(t.text), t.place
}

// decode implements decodable.
func (l *leaf[T]) decode(d *decoder, t *tree) {
	value := any(&l.Value).(scalar)
	if t.kind >= kindSequence || !value.read(t) {
		d.fail(t.place, t.describe(), value.expects(), hintFor(value, t))
		return
	}
	l.place = t.place
}

// hintFor tells what is often meant by a scalar that a type cannot read.
func hintFor(value scalar, t *tree) string {
	switch value.(type) {
	case *duration, *jump:
		if t.kind == kindNumber {
			return "add a unit: " + t.text + "ms or " + t.text + "s"
		}
	case *share, *drift:
		if t.kind == kindNumber {
			return "add a unit: " + t.text + "%"
		}
	case *whole:
		if t.kind == kindText && isNumber(t.text+"0") {
			return "write the number without quotes"
		}
	case *text, *name:
		if t.kind == kindNull {
			return "write a value after the colon"
		}
	}
	return ""
}
