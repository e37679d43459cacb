-- Looks into a JSON body before a server does: Triton 2.51 follows any nesting down its own stack, and sets aside memory
-- for any shape that a tensor claims to have; either ends it. MAX_DEPTH and MAX_ELEMENTS (0: these are no tensors) stand
-- in front of this text (filter.py). An error in here would let a request pass, so nothing may raise one.

-- Moves from one bracket or quote to the next, so that numbers cost nothing.
local function too_deep(text)
  local depth, at = 0, 1
  while true do
    local found = string.find(text, '["%[%]{}]', at)
    if not found then return false end
    local byte = string.byte(text, found)
    if byte == 34 then
      -- The quote that ends a string is the first with an even number of backslashes before it.
      local quote = found
      repeat
        quote = string.find(text, '"', quote + 1, true)
        if not quote then return false end
        local first = quote
        while string.byte(text, first - 1) == 92 do first = first - 1 end
      until (quote - first) % 2 == 0
      found = quote
    elseif byte == 91 or byte == 123 then
      depth = depth + 1
      if depth > MAX_DEPTH then return true end
    else
      depth = depth - 1
    end
    at = found + 1
  end
end

-- Without escapes there is one way to write a name, so every shape is found.
local function bad_shape(text)
  if string.find(text, "\\", 1, true) then return "write names without backslashes" end
  local at = 1
  while true do
    local _, colon = string.find(text, '"shape"%s*:', at)
    if not colon then return nil end
    local _, close, dims = string.find(text, "^%s*%[([%d%s,]*)%]", colon + 1)
    if not close then return "a shape is a list of whole numbers" end
    local elements = 1
    for dim in string.gmatch(dims, "%d+") do elements = elements * math.max(tonumber(dim), 1) end
    if elements > MAX_ELEMENTS then return "a shape has more than " .. MAX_ELEMENTS .. " elements" end
    at = close + 1
  end
end

local function complaint(text)
  if too_deep(text) then return "the JSON nests deeper than " .. MAX_DEPTH .. " levels" end
  return MAX_ELEMENTS > 0 and bad_shape(text) or nil
end

function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get("content-encoding") then
    handle:respond({[":status"] = "415"}, "send the body as it is, without content-encoding")
    return
  end
  -- Of a request with binary tensors, only the front is JSON. Headers cannot be asked any more once the body is there.
  local front = string.match(headers:get("inference-header-content-length") or "", "^%d+$")
  local body = handle:body()
  if not body then return end
  local size = body:length()
  if front and tonumber(front) < size then size = tonumber(front) end
  local wrong = size > 0 and complaint(body:getBytes(0, size))
  if wrong then handle:respond({[":status"] = "400"}, wrong) end
end

-- Triton 2.51 answers 500 where the request is not JSON, or not the JSON of KServe v2: no fault of a server.
local INPUTS_FAULTS = {"failed to parse the request JSON", "Unable to parse '", "Unable to set '"}

function envoy_on_response(handle)
  if handle:headers():get(":status") ~= "500" then return end
  local body = handle:body()
  if not body or body:length() == 0 then return end
  local text = body:getBytes(0, body:length())
  for _, fault in ipairs(INPUTS_FAULTS) do
    if string.find(text, '{"error":"' .. fault, 1, true) == 1 then handle:headers():replace(":status", "400") end
  end
end
