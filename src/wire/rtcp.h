// RTCP: everything (RFC 3550 section 6, RFC 4585, RFC 5104, RFC 5506, REMB, transport-wide congestion control).
#pragma once

#include "wire/rtcp_messages.h"       // IWYU pragma: export
#include "wire/rtcp_reader.h"         // IWYU pragma: export
#include "wire/rtcp_writer.h"         // IWYU pragma: export
#include "wire/transport_feedback.h"  // IWYU pragma: export
