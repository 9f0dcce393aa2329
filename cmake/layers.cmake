# One static library a layer, so that a layer that reaches to its right does not link.

add_library(exhibit_options INTERFACE)
target_compile_options(exhibit_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<BOOL:${EXHIBIT_WERROR}>:-Werror>)
target_include_directories(exhibit_options INTERFACE ${PROJECT_SOURCE_DIR}/plugin ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/plugin/include)
if(CMAKE_UNITY_BUILD)
  # Several files are one unit: what stands in one's unnamed namespace is neither shadowed by the next nor a header's.
  target_compile_options(exhibit_options INTERFACE -Wno-shadow $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endif()
if(EXHIBIT_PLANTS)
  target_compile_definitions(exhibit_options INTERFACE EXHIBIT_PLANTS)
endif()
if(EXHIBIT_SANITIZE)
  target_compile_options(exhibit_options INTERFACE -fsanitize=${EXHIBIT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(exhibit_options INTERFACE -fsanitize=${EXHIBIT_SANITIZE})
  if(EXHIBIT_SANITIZE MATCHES thread)
    # The sanitizer knows no fences; without them the order comes from Asio's own locks, which it does know.
    target_compile_definitions(exhibit_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    target_compile_options(exhibit_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
  if(EXHIBIT_SANITIZE MATCHES address)
    # GCC 12 sees uninitialized members in its own <regex> once the code is instrumented.
    target_compile_options(exhibit_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  endif()
  if(EXHIBIT_SANITIZE MATCHES undefined)
    target_compile_options(exhibit_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()

# exhibit_layer(NAME [LIBS ...]): the library exhibit_NAME from every .cc file of this folder.
function(exhibit_layer name)
  cmake_parse_arguments(ARG "" "" "LIBS;SOURCES" ${ARGN})
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  endif()
  if(NOT ARG_SOURCES)
    add_library(exhibit_${name} INTERFACE)
    target_link_libraries(exhibit_${name} INTERFACE exhibit_options ${ARG_LIBS})
    return()
  endif()
  add_library(exhibit_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(exhibit_${name} PUBLIC exhibit_options ${ARG_LIBS})
endfunction()

# exhibit_test(NAME [OPTIMIZED] [LIBS ...] [LABELS ...] [TIMEOUT seconds]): one test program from every *_test.cc of
# tests/NAME. OPTIMIZED: it computes long enough to be worth a slower compiler.
function(exhibit_test name)
  cmake_parse_arguments(ARG "OPTIMIZED" "TIMEOUT" "LIBS;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE exhibit_options ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  target_include_directories(${name}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/support)
  target_compile_definitions(${name}_test PRIVATE EXHIBIT_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    EXHIBIT_BINARY_DIR="${PROJECT_BINARY_DIR}")
  if(NOT ARG_OPTIMIZED)
    target_compile_options(${name}_test PRIVATE $<$<CONFIG:RelWithDebInfo>:-Og>)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
    SKIP_REGULAR_EXPRESSION "every test skipped")
endfunction()
