package amf

// List is a row of values: the arguments of a command, the elements of an
// array. Every lookup can be asked for an index that the list does not have.
type List []Value

// ListOf returns the elements of an array or vector of objects, or nil for any
// other value.
func ListOf(v Value) List {
	switch v := plain(v).(type) {
	case List:
		return v
	case []Value:
		return v
	case *Array:
		if v != nil {
			return v.Values
		}
	case *ObjectVector:
		if v != nil {
			return v.Values
		}
	}
	return nil
}

// Get returns value i, out of its [AMF3] wrapping, or nil. The value just as it
// was decoded is l[i].
func (l List) Get(i int) Value {
	if i < 0 || i >= len(l) {
		return nil
	}
	return plain(l[i])
}

// String returns string i, or "".
func (l List) String(i int) string { return toString(l.Get(i)) }

// Number returns number i, or 0. It can be NaN or infinite.
func (l List) Number(i int) float64 { return toNumber(l.Get(i)) }

// Integer returns number i if it is an integer that float64 holds exactly
// (2^53), and whether it is.
func (l List) Integer(i int) (int64, bool) { return toInteger(l.Get(i)) }

// Bool returns boolean i, or false.
func (l List) Bool(i int) bool { return toBool(l.Get(i)) }

// Object returns the properties of object or ECMA array i, or nil.
func (l List) Object(i int) Properties { return PropertiesOf(l.Get(i)) }

// List returns the elements of array i, or nil.
func (l List) List(i int) List { return ListOf(l.Get(i)) }
