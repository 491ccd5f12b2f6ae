package state

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// appendQuoted appends a JSON string (RFC 8259). Bytes that are not UTF-8
// become the replacement character U+FFFD.
func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	done := 0 // text[:done] is appended
	for i := 0; i < len(text); {
		b := text[i]
		if b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if b >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(text[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, text[done:i]...)
		dst = appendEscaped(dst, b)
		i += size
		done = i
	}
	dst = append(dst, text[done:]...)
	return append(dst, '"')
}

// appendEscaped appends one byte that cannot stand in a JSON string as is.
func appendEscaped(dst []byte, b byte) []byte {
	switch {
	case b == '"', b == '\\':
		return append(dst, '\\', b)
	case b == '\n':
		return append(dst, `\n`...)
	case b == '\t':
		return append(dst, `\t`...)
	case b < ' ':
		return append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
	default:
		return append(dst, "\ufffd"...)
	}
}
