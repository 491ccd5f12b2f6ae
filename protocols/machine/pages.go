package machine

import (
	"encoding/binary"
	"sort"
	"strings"
)

// Pages maps keys to values as KV does, in the order of keys, packed into strings: a
// million small keys take little more than their bytes, and a copy of all of them is a
// copy of the list of pages, which nobody ever writes to. A change makes one page anew.
type Pages struct {
	// Pages hold entries one after the other, by growing key: the key and its
	// value, each with its length before it (a varint). None is empty.
	Pages []string
	// Count is the number of keys.
	Count int
}

// pageFull is the most bytes of a page with several entries; two neighbours that
// together have less than half of it become one.
const pageFull = 2048

// entry is where an entry is within its page; its key and value share the memory of
// the page.
type entry struct {
	from, to   int
	key, value string
}

// entryAt returns the entry that begins at an offset.
func entryAt(page string, from int) entry {
	key, at := textAt(page, from)
	value, to := textAt(page, at)
	return entry{from: from, to: to, key: key, value: value}
}

// textAt reads a text with its length before it, and returns where it ends.
func textAt(page string, from int) (text string, to int) {
	length, shift := uint64(0), 0
	for {
		b := page[from]
		from++
		length |= uint64(b&0x7f) << shift
		if b < 0x80 {
			break
		}
		shift += 7
	}
	to = from + int(length)
	return page[from:to], to
}

// page returns the position of the page where a key is or would be; there is one.
func (p *Pages) page(key string) int {
	return sort.Search(len(p.Pages)-1, func(i int) bool {
		first, _ := textAt(p.Pages[i+1], 0)
		return first > key
	})
}

// find returns the entry of a key in a page, or where it would be.
func find(page, key string) (e entry, found bool) {
	for at := 0; at < len(page); at = e.to {
		e = entryAt(page, at)
		if e.key >= key {
			if e.key == key {
				return e, true
			}
			return entry{from: at, to: at}, false
		}
	}
	return entry{from: len(page), to: len(page)}, false
}

func (p *Pages) get(key string) Result {
	if len(p.Pages) == 0 {
		return Result{}
	}
	e, found := find(p.Pages[p.page(key)], key)
	return Result{Value: strings.Clone(e.value), Found: found} // it must not hold the page
}

func (p *Pages) set(key, value string) {
	var head [2 * binary.MaxVarintLen64]byte
	keyHead := binary.PutUvarint(head[:], uint64(len(key)))
	bothHeads := keyHead + binary.PutUvarint(head[keyHead:], uint64(len(value)))
	if len(p.Pages) == 0 {
		p.Pages = append(p.Pages, "")
	}
	i := p.page(key)
	page := p.Pages[i]
	e, found := find(page, key)
	if !found {
		p.Count++
	}
	var b strings.Builder
	b.Grow(e.from + bothHeads + len(key) + len(value) + len(page) - e.to)
	b.WriteString(page[:e.from])
	b.Write(head[:keyHead])
	b.WriteString(key)
	b.Write(head[keyHead:bothHeads])
	b.WriteString(value)
	b.WriteString(page[e.to:])
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
	cut := entryAt(page, 0).to
	if len(page) <= pageFull || cut == len(page) {
		return
	}
	for cut < middle {
		next := entryAt(page, cut).to
		if next == len(page) {
			break
		}
		cut = next
	}
	p.Pages = append(p.Pages, "")
	copy(p.Pages[i+2:], p.Pages[i+1:])
	p.Pages[i], p.Pages[i+1] = strings.Clone(page[:cut]), strings.Clone(page[cut:])
	p.split(i + 1)
	p.split(i)
}

func (p *Pages) remove(key string) bool {
	if len(p.Pages) == 0 {
		return false
	}
	i := p.page(key)
	page := p.Pages[i]
	e, found := find(page, key)
	if !found {
		return false
	}
	p.Count--
	p.Pages[i] = page[:e.from] + page[e.to:]
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

// join makes one page of two.
func (p *Pages) join(i int) {
	p.Pages[i] += p.Pages[i+1]
	p.Pages = append(p.Pages[:i+1], p.Pages[i+2:]...)
}
