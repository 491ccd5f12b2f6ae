package machine

import (
	"encoding/binary"
	"sort"
	"strings"
)

// Pages maps keys to values as KV does, in the order of keys, packed into strings: a
// million small keys take less than their bytes, and a copy of all of them is a
// copy of the list of pages, which nobody ever writes to. A change makes one page anew.
type Pages struct {
	// Pages hold entries one after the other, by growing key. An entry is how many
	// bytes its key shares with that of the entry before, the rest of the key, and
	// the value; texts have their length before them, and numbers are varints. The
	// first entry of a page shares nothing. No page is empty.
	Pages []string
	// Count is the number of keys.
	Count int
}

// pageFull is the most bytes of a page with several entries; two neighbours that
// together have less than half of it become one.
const pageFull = 1024

// entry is one of a page; its texts share the memory of the page.
type entry struct {
	from, to int
	// shared is how many bytes of the key are those of the entry before, rest the
	// others.
	shared int
	rest   string
	// body is where the value begins, its length included.
	body  int
	value string
}

// entryAt returns the entry that begins at an offset.
func entryAt(page string, from int) entry {
	e := entry{from: from}
	e.shared, e.body = numberAt(page, from)
	e.rest, e.body = textAt(page, e.body)
	e.value, e.to = textAt(page, e.body)
	return e
}

// numberAt returns the number that begins at an offset, and where it ends.
func numberAt(page string, from int) (number, to int) {
	shift := 0
	for {
		b := page[from]
		from++
		number |= int(b&0x7f) << shift
		if b < 0x80 {
			return number, from
		}
		shift += 7
	}
}

// textAt returns the text that begins, with its length, at an offset, and where it ends.
func textAt(page string, from int) (text string, to int) {
	length, from := numberAt(page, from)
	to = from + length
	return page[from:to], to
}

// page returns the position of the page where a key is or would be; there is one.
func (p *Pages) page(key string) int {
	return sort.Search(len(p.Pages)-1, func(i int) bool {
		return entryAt(p.Pages[i+1], 0).rest > key
	})
}

// place is where a key is in a page, or would be.
type place struct {
	// entry is the key's, or else the first behind it, whose from is the page's end
	// if there is none.
	entry
	found bool
	// before is how many bytes the key shares with that of the entry before its
	// place, after with that of the one behind.
	before, after int
}

// find looks a key up in a page. It compares no byte of it twice: what a key shares
// with the one before tells whether it can be any nearer to what is looked for.
func find(page, key string) place {
	matched := 0
	for at := 0; at < len(page); {
		e := entryAt(page, at)
		at = e.to
		switch {
		case e.shared > matched:
			continue // it is below the key just where the one before was
		case e.shared < matched:
			return place{entry: e, before: matched, after: e.shared}
		}
		more := common(e.rest, key[matched:])
		end := matched + more
		switch {
		case more == len(e.rest) && end == len(key):
			return place{entry: e, found: true, before: matched}
		case more < len(e.rest) && (end == len(key) || e.rest[more] > key[end]):
			return place{entry: e, before: matched, after: end}
		}
		matched = end
	}
	return place{entry: entry{from: len(page), to: len(page), body: len(page)}, before: matched}
}

// common returns how many bytes two texts share at their beginning.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func (p *Pages) get(key string) Result {
	if len(p.Pages) == 0 {
		return Result{}
	}
	at := find(p.Pages[p.page(key)], key)
	if !at.found {
		return Result{}
	}
	return Result{Value: strings.Clone(at.value), Found: true} // it must not hold the page
}

// appendKey appends an entry up to where its value begins.
func appendKey(dst []byte, shared int, rest ...string) []byte {
	dst = binary.AppendUvarint(dst, uint64(shared))
	length := 0
	for _, part := range rest {
		length += len(part)
	}
	dst = binary.AppendUvarint(dst, uint64(length))
	for _, part := range rest {
		dst = append(dst, part...)
	}
	return dst
}

func (p *Pages) set(key, value string) {
	if len(p.Pages) == 0 {
		p.Pages = append(p.Pages, "")
	}
	i := p.page(key)
	page := p.Pages[i]
	at := find(page, key)
	if !at.found {
		p.Count++
	}
	// What is new beside the value is small, unless the keys are long.
	var before, behind [128]byte
	head, tail := before[:0], behind[:0]
	from, to := at.from, at.to // what is between is replaced
	switch {
	case at.found:
		from = at.body
	case at.from < len(page):
		tail = appendKey(tail, at.after, at.rest[at.after-at.shared:])
		to = at.body
	}
	if !at.found {
		head = appendKey(head, at.before, key[at.before:])
	}
	head = binary.AppendUvarint(head, uint64(len(value)))
	var b strings.Builder
	b.Grow(from + len(head) + len(value) + len(tail) + len(page) - to)
	b.WriteString(page[:from])
	b.Write(head)
	b.WriteString(value)
	b.Write(tail)
	b.WriteString(page[to:])
	p.Pages[i] = b.String()
	p.split(i)
}

// split makes pages of one that is too long and has several entries: it cuts where half
// of its bytes are, or at its end if it is the last page, for keys that come in order.
func (p *Pages) split(i int) {
	page := p.Pages[i]
	middle := len(page) / 2
	if i == len(p.Pages)-1 {
		middle = pageFull * 7 / 8
	}
	first := entryAt(page, 0)
	if len(page) <= pageFull || first.to == len(page) {
		return
	}
	key := []byte(first.rest)
	second := entryAt(page, first.to)
	for key = follow(key, second); second.from < middle && second.to < len(page); key = follow(key, second) {
		second = entryAt(page, second.to)
	}
	p.Pages = append(p.Pages, "")
	copy(p.Pages[i+2:], p.Pages[i+1:])
	p.Pages[i] = strings.Clone(page[:second.from])
	p.Pages[i+1] = string(appendKey(nil, 0, string(key))) + page[second.body:]
	p.split(i + 1)
	p.split(i)
}

// follow makes the key before an entry that of the entry.
func follow(key []byte, e entry) []byte { return append(key[:e.shared], e.rest...) }

func (p *Pages) remove(key string) bool {
	if len(p.Pages) == 0 {
		return false
	}
	i := p.page(key)
	page := p.Pages[i]
	at := find(page, key)
	if !at.found {
		return false
	}
	p.Count--
	p.Pages[i] = page[:at.from] + behindOf(page, at.entry)
	switch {
	case p.Pages[i] == "":
		p.Pages = append(p.Pages[:i], p.Pages[i+1:]...)
	case i > 0 && len(p.Pages[i-1])+len(p.Pages[i]) < pageFull/2:
		p.join(i - 1)
	case i+1 < len(p.Pages) && len(p.Pages[i])+len(p.Pages[i+1]) < pageFull/2:
		p.join(i)
	}
	return true
}

// behindOf returns what comes behind an entry, as it is when that is gone.
func behindOf(page string, gone entry) string {
	if gone.to == len(page) {
		return ""
	}
	next := entryAt(page, gone.to)
	if next.shared <= gone.shared {
		return page[gone.to:]
	}
	// What it shared with the one that is gone it has to say itself.
	return string(appendKey(nil, gone.shared, gone.rest[:next.shared-gone.shared], next.rest)) + page[next.body:]
}

// join makes one page of two.
func (p *Pages) join(i int) {
	var last []byte
	page := p.Pages[i]
	for at := 0; at < len(page); {
		e := entryAt(page, at)
		last, at = follow(last, e), e.to
	}
	next := entryAt(p.Pages[i+1], 0)
	shared := common(string(last), next.rest)
	p.Pages[i] += string(appendKey(nil, shared, next.rest[shared:])) + p.Pages[i+1][next.body:]
	p.Pages = append(p.Pages[:i+1], p.Pages[i+2:]...)
}
