import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** The filter of a page. The address holds it, so that a view can be kept and sent. */
export function useFilter() {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => String(route.query['filter'] ?? ''),
    set: (value) => void router.replace({ query: value ? { filter: value } : {} }),
  })
}
