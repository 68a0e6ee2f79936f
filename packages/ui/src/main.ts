import { createApp } from 'vue'
import App from './App.vue'
import { router } from './routes.js'
import { followScheme } from './theme/colours.js'
import { bringIcons } from './theme/kit.js'
import './theme/main.css'

bringIcons()
followScheme()
createApp(App).use(router).mount('#app')
