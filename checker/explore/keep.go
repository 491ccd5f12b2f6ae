package explore

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"reflect"
	"unsafe"
)

// Kept is a model with interned contents that can be kept in a file, so that a
// search can be continued: words name the same contents then.
type Kept interface {
	Model
	// Keep writes all that words can name. No worker is at work.
	Keep(w *Writer)
	// Restore reads it, into a model that has interned no more than a new one.
	Restore(r *Reader)
}

// Writer writes values one after the other and sums them up; the first error ends
// it.
type Writer struct {
	to  *bufio.Writer
	sum hash.Hash
	err error
}

func newWriter(w io.Writer) *Writer {
	sum := sha256.New()
	return &Writer{to: bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16), sum: sum}
}

// Uint writes a number.
func (w *Writer) Uint(x uint64) {
	var room [binary.MaxVarintLen64]byte
	w.bytes(room[:binary.PutUvarint(room[:], x)])
}

func (w *Writer) bytes(b []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

// fixed writes a word in eight bytes: fingerprints are no small numbers.
func (w *Writer) fixed(x uint64) {
	var room [8]byte
	binary.LittleEndian.PutUint64(room[:], x)
	w.bytes(room[:])
}

// Value writes a value of numbers, strings, slices, arrays, structs and pointers to
// such.
func (w *Writer) Value(v any) { w.value(reflect.ValueOf(v)) }

func (w *Writer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			w.Uint(1)
		} else {
			w.Uint(0)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.Uint(v.Uint())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.Uint(uint64(v.Int())<<1 ^ uint64(v.Int()>>63))
	case reflect.String:
		w.Uint(uint64(v.Len()))
		w.bytes([]byte(v.String()))
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice {
			w.Uint(uint64(v.Len()))
		}
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			w.value(v.Field(i))
		}
	case reflect.Pointer:
		w.value(v.Elem())
	default:
		panic("explore: no value to be kept: " + v.Type().String())
	}
}

// Reader reads what a Writer wrote; the first error ends it.
type Reader struct {
	from *bufio.Reader
	sum  hash.Hash
	err  error
}

func newReader(r io.Reader) *Reader {
	return &Reader{from: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
}

// Fail ends the reading.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// ReadByte implements io.ByteReader.
func (r *Reader) ReadByte() (byte, error) {
	var room [1]byte
	r.bytes(room[:])
	return room[0], r.err
}

func (r *Reader) bytes(room []byte) {
	if r.err != nil {
		clear(room)
		return
	}
	if _, err := io.ReadFull(r.from, room); err != nil {
		r.err = errDamaged
		return
	}
	r.sum.Write(room)
}

var errDamaged = errors.New("it ends too early")

// Uint reads a number.
func (r *Reader) Uint() uint64 {
	x, err := binary.ReadUvarint(r)
	if err != nil {
		r.Fail("a damaged number")
		return 0
	}
	return x
}

// Len reads a number of things.
func (r *Reader) Len() int {
	n := r.Uint()
	if n > 1<<40 {
		r.Fail("a damaged length")
		return 0
	}
	return int(n)
}

// Each reads a number of things and calls read for each, until an error ends it.
func (r *Reader) Each(read func(i int)) {
	for i, n := 0, r.Len(); i < n && r.err == nil; i++ {
		read(i)
	}
}

func (r *Reader) fixed() uint64 {
	var room [8]byte
	r.bytes(room[:])
	return binary.LittleEndian.Uint64(room[:])
}

// Value reads into what a pointer points to.
func (r *Reader) Value(pointer any) { r.value(reflect.ValueOf(pointer).Elem()) }

func (r *Reader) value(v reflect.Value) {
	if r.err != nil {
		return
	}
	v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem() // fields that are not exported too
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.Uint() != 0)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uint())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x := r.Uint()
		v.SetInt(int64(x>>1) ^ -int64(x&1))
	case reflect.String:
		v.SetString(string(r.text()))
	case reflect.Slice:
		n := r.Len()
		v.SetZero()
		for i := 0; i < n && r.err == nil; i++ {
			v.Grow(1)
			v.SetLen(i + 1)
			r.value(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			r.value(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			r.value(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(v.Elem())
	}
}

// text reads a string's bytes piece by piece: a damaged length must not take the
// memory that it says.
func (r *Reader) text() []byte {
	n := r.Len()
	var all []byte
	for len(all) < n && r.err == nil {
		piece := make([]byte, min(n-len(all), 1<<20))
		r.bytes(piece)
		all = append(all, piece...)
	}
	return all
}

// Keep writes the keys and contents, in the order of their numbers.
func (n *Interner[K, T]) Keep(w *Writer) {
	n.KeepKeys(w)
	for id := range uint32(n.Len()) {
		item := n.items.At(id)
		w.Value(&item.content)
		w.fixed(item.hash)
	}
}

// Restore reads what Keep wrote.
func (n *Interner[K, T]) Restore(r *Reader) {
	keys, bytes := n.keys(r)
	for i, key := range keys {
		var content T
		r.Value(&content)
		n.restore(r, i, key, content, r.fixed())
	}
	n.bytes.Store(bytes)
}

// KeepKeys writes the keys alone.
func (n *Interner[K, T]) KeepKeys(w *Writer) {
	w.Uint(n.Bytes())
	w.Uint(uint64(n.Len()))
	for id := range uint32(n.Len()) {
		w.Value(&n.items.At(id).key)
	}
}

// RestoreKeys reads what KeepKeys wrote; content returns what belongs to a key, and
// its hash.
func (n *Interner[K, T]) RestoreKeys(r *Reader, content func(K) (T, uint64, error)) {
	keys, bytes := n.keys(r)
	for i, key := range keys {
		c, hash, err := content(key)
		if err != nil {
			r.Fail("%w", err)
			return
		}
		n.restore(r, i, key, c, hash)
	}
	n.bytes.Store(bytes)
}

func (n *Interner[K, T]) keys(r *Reader) (keys []K, bytes uint64) {
	bytes = r.Uint()
	count := r.Len()
	for i := 0; i < count && r.err == nil; i++ {
		var key K
		r.Value(&key)
		keys = append(keys, key)
	}
	return keys, bytes
}

func (n *Interner[K, T]) restore(r *Reader, i int, key K, content T, hash uint64) {
	if r.err != nil {
		return
	}
	if id := n.Number(key, 0, func() (T, uint64) { return content, hash }); int(id) != i {
		r.Fail("two contents are one")
	}
}
